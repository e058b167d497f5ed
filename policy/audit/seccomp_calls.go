package audit

import (
	"fmt"
	"strings"

	"casemate/policy/prove"

	"golang.org/x/sys/unix"
)

// allowedCalls is the check of a rule that finds each of the calls that is allowed.
func allowedCalls(names ...string) func(*view) {
	return func(v *view) {
		for _, name := range names {
			if w := v.reach(name); w != nil {
				v.call(name, w, 0, name+" is allowed"+v.under(name))
			}
		}
	}
}

// under says that a call is allowed under a condition.
func (v *view) under(name string) string {
	for _, p := range v.programs {
		if p.freedom(name) == free {
			return ""
		}
	}
	return ", under a condition"
}

// low demands values of the low word of an argument, the one that the kernel looks at
// in 32-bit arguments.
func low(arg int, in prove.Set) where { return where{prove.ArgLow(arg), in} }

// has are the words in which all of the bits are set, some those in which any is.
func has(bits uint32) prove.Set  { return prove.Masked(bits, bits) }
func some(bits uint32) prove.Set { return prove.Masked(bits, 0).Not() }

// Sets of argument words. They are made once and shared by all audits.
var (
	newUser      = has(unix.CLONE_NEWUSER)
	newOthers    = some(unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWPID | unix.CLONE_NEWNET)
	entersUser   = prove.Values(0).Or(newUser) // setns: 0 is any kind
	typing       = prove.Values(unix.TIOCSTI, unix.TIOCLINUX)
	kernelFaults = prove.Masked(1, 0) // without UFFD_USER_MODE_ONLY
	harmless     = prove.Values(0, 8, 0x20000, 0x20008, 0xffffffff)
	written      = has(unix.PROT_WRITE | unix.PROT_EXEC)
	executed     = has(unix.PROT_EXEC)
	zero         = prove.Values(0)
)

func newUserNamespace(v *view) {
	for _, c := range []struct {
		name  string
		where []where
	}{
		{"unshare", []where{low(0, newUser)}}, {"clone", []where{low(0, newUser)}},
		{"clone3", nil}, {"setns", []where{low(1, entersUser)}},
	} {
		if w := v.reach(c.name, c.where...); w != nil {
			v.call(c.name, w, 0, c.name+" reaches a new user namespace")
		}
	}
}

func newNamespaces(v *view) {
	for _, name := range []string{"unshare", "clone"} {
		if v.reach(name, low(0, newUser)) != nil {
			continue // SC-010 says more
		}
		if w := v.reach(name, low(0, newOthers)); w != nil {
			v.call(name, w, 0, name+" makes new namespaces")
		}
	}
}

func terminalInput(v *view) {
	if w := v.reach("ioctl", low(1, typing)); w != nil {
		name := map[uint64]string{unix.TIOCSTI: "TIOCSTI", unix.TIOCLINUX: "TIOCLINUX"}[w.Call.Args[1]&0xffffffff]
		v.call("ioctl", w, 0, "ioctl with "+name+" is allowed")
	}
}

func freeIoctl(v *view) {
	for _, p := range v.programs {
		if p.freedom("ioctl") == free {
			v.call("ioctl", p.reach("ioctl"), 0, "ioctl is allowed whatever its command")
		}
	}
}

func faultHandling(v *view) {
	if w := v.reach("userfaultfd", low(0, kernelFaults)); w != nil {
		v.call("userfaultfd", w, 0, "userfaultfd handles faults of the kernel")
	}
}

func personalities(v *view) {
	if w := v.reach("personality", low(0, harmless.Not())); w != nil {
		v.call("personality", w, 0, fmt.Sprintf("personality with %#x is allowed", uint32(w.Call.Args[0])))
	}
}

// writtenCode: a policy that keeps one call from making memory executable means it, and
// then the others must not.
func writtenCode(v *view) {
	if w := v.reach("memfd_create"); w != nil {
		v.call("memfd_create", w, 0, "memfd_create makes files that can be executed past the mounts' noexec")
	}
	makers := []struct {
		name string
		exec prove.Set
	}{{"mmap", written}, {"mprotect", executed}, {"pkey_mprotect", executed}}
	for _, p := range v.programs {
		for _, guard := range makers {
			if p.freedom(guard.name) != conditional || p.reach(guard.name, low(2, guard.exec)) != nil {
				continue
			}
			for _, other := range makers {
				if w := p.reach(other.name, low(2, other.exec)); w != nil {
					v.call(other.name, w, 0, fmt.Sprintf("%s may not make memory executable, and %s may", guard.name, other.name))
				}
			}
		}
	}
}

// unusualFamilies of sockets, by the word of socket(2).
var unusualFamilies = []struct {
	name string
	in   prove.Set
}{
	{"AF_KEY", prove.Values(unix.AF_KEY)}, {"AF_PACKET", prove.Values(unix.AF_PACKET)}, {"AF_RDS", prove.Values(unix.AF_RDS)},
	{"AF_CAN", prove.Values(unix.AF_CAN)}, {"AF_TIPC", prove.Values(unix.AF_TIPC)}, {"AF_BLUETOOTH", prove.Values(unix.AF_BLUETOOTH)},
	{"AF_ALG", prove.Values(unix.AF_ALG)}, {"AF_NFC", prove.Values(unix.AF_NFC)}, {"AF_VSOCK", prove.Values(unix.AF_VSOCK)},
	{"AF_KCM", prove.Values(unix.AF_KCM)}, {"AF_QIPCRTR", prove.Values(unix.AF_QIPCRTR)}, {"AF_SMC", prove.Values(unix.AF_SMC)},
	{"AF_XDP", prove.Values(unix.AF_XDP)}, {"AF_X25", prove.Values(unix.AF_X25)}, {"AF_AX25", prove.Values(unix.AF_AX25)},
	{"AF_APPLETALK", prove.Values(unix.AF_APPLETALK)}, {"AF_IPX", prove.Values(unix.AF_IPX)},
}

// noFamily is above all families that there are: allowed only where all are. otherFamilies
// are those that are neither usual nor named above: what is not known is not harmless.
var (
	noFamily      = prove.Range(1<<16, 1<<32-1)
	netlink       = prove.Values(unix.AF_NETLINK)
	otherFamilies = func() prove.Set {
		set := noFamily.Or(prove.Values(unix.AF_UNSPEC, unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK)).Not()
		for _, f := range unusualFamilies {
			set = set.Minus(f.in)
		}
		return set
	}()
)

func socketFamilies(v *view) {
	if w := v.reach("socket", low(0, noFamily)); w != nil {
		v.call("socket", v.reach("socket", low(0, prove.Values(unix.AF_PACKET))), 0, "sockets of every family can be made")
		return
	}
	for _, f := range unusualFamilies {
		if w := v.reach("socket", low(0, f.in)); w != nil {
			v.family(f.name, w, 0, f.name+" sockets can be made")
		}
	}
	if w := v.reach("socket", low(0, otherFamilies)); w != nil {
		v.family("others", w, 0, fmt.Sprintf("sockets of family %d can be made", uint32(w.Call.Args[0])))
	}
	if w := v.reach("socket", low(0, netlink), low(2, zero.Not())); w != nil {
		v.family("AF_NETLINK", w, 0, "AF_NETLINK sockets of every protocol can be made")
	} else if w := v.reach("socket", low(0, netlink)); w != nil {
		v.family("AF_NETLINK", w, Low, "AF_NETLINK sockets of NETLINK_ROUTE can be made")
	}
}

func (v *view) family(name string, w *Witness, severity Severity, message string) {
	v.found(Finding{Subject: "seccomp.socket " + name, At: v.callAt("socket"), Witness: w, Severity: severity, Message: message})
}

// Arguments of seccomp(2) and prctl(2).
var (
	modeFilter     = low(0, prove.Values(unix.SECCOMP_SET_MODE_FILTER))
	withListener   = low(1, has(unix.SECCOMP_FILTER_FLAG_NEW_LISTENER))
	withSpecAllow  = low(1, has(unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW))
	setSpeculation = low(0, prove.Values(unix.PR_SET_SPECULATION_CTRL))
	enabling       = low(2, prove.Values(unix.PR_SPEC_ENABLE))
)

func newListener(v *view) {
	if w := v.reach("seccomp", modeFilter, withListener); w != nil {
		v.call("seccomp", w, 0, "seccomp with NEW_LISTENER is allowed")
	}
}

func speculation(v *view) {
	if w := v.reach("seccomp", modeFilter, withSpecAllow); w != nil {
		v.call("seccomp", w, 0, "seccomp with SPEC_ALLOW is allowed")
	}
	if w := v.reach("prctl", setSpeculation, enabling); w != nil {
		v.call("prctl", w, 0, "prctl with PR_SET_SPECULATION_CTRL is allowed")
	}
}

// listed joins words as a sentence does.
func listed(words []string) string { return strings.Join(words, ", ") }
