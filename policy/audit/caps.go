package audit

import (
	"fmt"
	"slices"
	"strings"

	"casemate/internal/caps"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// bit is a set of one capability.
func bit(c int) uint64 { return 1 << c }

// capName is the name as policies write it.
func capName(c int) string { return strings.TrimPrefix(caps.Name(c), "CAP_") }

// capability records a finding about one. Checks look at what is held, not at what is
// only kept: no_new_privs and a locked NOROOT leave no way from the one to the other.
//
// In a user namespace that reaches no root of the host's it leads nowhere by itself: it
// opens code of the kernel's, and what is left of its rank is medium.
func (v *view) capability(c int, severity Severity, message string) {
	if severity == 0 {
		severity = v.rule.Severity
	}
	if v.ownNamespace() {
		severity, message = min(severity, Medium), message+", in a user namespace"
	}
	v.found(Finding{Subject: "capabilities." + capName(c), At: v.capAt(capName(c)), Severity: severity, Message: message})
}

// ownNamespace tells whether capabilities count in a user namespace alone: it does not
// have the host's root in a map, and can leave nothing of root's on a disk.
func (v *view) ownNamespace() bool {
	n := &v.policy.Namespaces
	onDisk := v.policy.Root.IDMap && v.policy.Root.Writable ||
		slices.ContainsFunc(v.policy.Mounts, func(m sealed.Mount) bool { return m.IDMap && m.Writable })
	return !v.shares(unix.CLONE_NEWUSER) && !onDisk && !sealed.HasOutside(n.UIDs, 0) && !sealed.HasOutside(n.GIDs, 0)
}

// capAt is where the policy names a capability.
func (v *view) capAt(name string) string {
	if v.Text != nil {
		for i, kept := range v.Text.File.Capabilities.Keep {
			if kept == name {
				return line(v.Text.File.Pos("capabilities.keep", i))
			}
		}
	}
	return v.policy.Caps.At
}

func nearRoot(v *view) {
	for _, c := range []int{unix.CAP_SYS_ADMIN, unix.CAP_SYS_MODULE, unix.CAP_SYS_RAWIO, unix.CAP_SYS_BOOT, unix.CAP_MAC_ADMIN, unix.CAP_MAC_OVERRIDE} {
		if v.holds(bit(c)) {
			v.capability(c, 0, capName(c)+" is held")
		}
	}
	if v.holds(bit(unix.CAP_BPF) | bit(unix.CAP_PERFMON)) {
		v.capability(unix.CAP_BPF, 0, "BPF is held with PERFMON")
	}
}

func readsAnything(v *view) {
	if v.holds(bit(unix.CAP_DAC_READ_SEARCH)) {
		v.capability(unix.CAP_DAC_READ_SEARCH, 0, "DAC_READ_SEARCH is held")
	}
	if path := v.hostPath(); v.holds(bit(unix.CAP_DAC_OVERRIDE)) && path != "" {
		v.capability(unix.CAP_DAC_OVERRIDE, 0, "DAC_OVERRIDE is held, and "+path+" of the host is in sight")
	}
}

// hostPath gives a path of the host that the workload sees; "" for none.
func (v *view) hostPath() string {
	if v.policy.Root.Path != "" {
		return v.policy.Root.Path
	}
	for i := range v.policy.Mounts {
		if m := &v.policy.Mounts[i]; m.Kind == sealed.Bind {
			return m.Source
		}
	}
	return ""
}

func becomesAnyone(v *view) {
	for _, c := range []int{unix.CAP_SETUID, unix.CAP_SETGID} {
		if v.holds(bit(c)) {
			v.capability(c, 0, capName(c)+" is held")
		}
	}
}

func plantsPrivilege(v *view) {
	path := v.writableHostPath()
	if path == "" {
		return
	}
	for _, c := range []int{unix.CAP_SETFCAP, unix.CAP_MKNOD} {
		if v.holds(bit(c)) {
			v.capability(c, 0, capName(c)+" is held, and "+path+" of the host is writable")
		}
	}
	if v.holds(bit(unix.CAP_CHOWN) | bit(unix.CAP_FSETID)) {
		v.capability(unix.CAP_FSETID, 0, "FSETID is held with CHOWN, and "+path+" of the host is writable")
	}
}

// writableHostPath gives a path of the host that the workload can write; "" for none.
func (v *view) writableHostPath() string {
	if v.policy.Root.Path != "" && v.policy.Root.Writable {
		return v.policy.Root.Path
	}
	for i := range v.policy.Mounts {
		if m := &v.policy.Mounts[i]; m.Kind == sealed.Bind && m.Writable && m.Type != sealed.Socket {
			return m.Source
		}
	}
	return ""
}

func hostNetworkPowers(v *view) {
	// In a user namespace of its own a capability does not count in a network of others.
	if !v.shares(unix.CLONE_NEWNET) || !v.shares(unix.CLONE_NEWUSER) {
		return
	}
	whose := "the host's network"
	if path := v.policy.Namespaces.Join; path != "" {
		whose = "the network of " + path
	}
	for _, c := range []int{unix.CAP_NET_ADMIN, unix.CAP_NET_RAW} {
		if v.holds(bit(c)) {
			v.capability(c, 0, capName(c)+" is held in "+whose)
		}
	}
}

func chrootEscape(v *view) {
	if v.holds(bit(unix.CAP_SYS_CHROOT) | bit(unix.CAP_MKNOD)) {
		v.capability(unix.CAP_SYS_CHROOT, 0, "SYS_CHROOT is held with MKNOD")
	}
}

func looseSets(v *view) {
	c := &v.policy.Caps
	for n := range 64 {
		if (c.Keep&^c.Ambient)&bit(n) != 0 {
			v.capability(n, 0, capName(n)+" is kept and not held")
		}
	}
	if c.Ambient != 0 && v.policy.Exec.UID == 0 {
		v.found(Finding{Subject: "exec.user", At: v.execAt("user"), Message: "uid 0 holds capabilities: " + listed(capNames(c.Ambient))})
	}
}

// capNames lists a set as policies do.
func capNames(mask uint64) []string {
	names := []string{}
	for n := range 64 {
		if mask&bit(n) != 0 {
			names = append(names, capName(n))
		}
	}
	return names
}

// needed: a capability that is of use through these calls alone. What is also of use
// through files or in the kernel's own checks is not listed.
var needed = []struct {
	capability int
	calls      []string
}{
	{unix.CAP_NET_BIND_SERVICE, []string{"bind"}},
	{unix.CAP_SYS_CHROOT, []string{"chroot", "setns"}},
	{unix.CAP_SYS_MODULE, []string{"init_module", "finit_module", "delete_module"}},
	{unix.CAP_SYS_BOOT, []string{"reboot", "kexec_load", "kexec_file_load"}},
	{unix.CAP_SYS_TIME, []string{"settimeofday", "clock_settime", "clock_adjtime", "adjtimex"}},
	{unix.CAP_SYS_PACCT, []string{"acct"}},
	{unix.CAP_MKNOD, []string{"mknod", "mknodat"}},
	{unix.CAP_CHOWN, []string{"chown", "lchown", "fchown", "fchownat"}},
	{unix.CAP_SETUID, []string{"setuid", "setreuid", "setresuid", "setfsuid"}},
	{unix.CAP_SETGID, []string{"setgid", "setregid", "setresgid", "setfsgid", "setgroups"}},
	{unix.CAP_SETFCAP, []string{"setxattr", "lsetxattr", "fsetxattr", "setxattrat"}},
	{unix.CAP_NET_RAW, []string{"socket"}},
	{unix.CAP_NET_ADMIN, []string{"socket"}},
	{unix.CAP_BPF, []string{"bpf"}},
	{unix.CAP_PERFMON, []string{"perf_event_open", "bpf"}},
}

// useless: calls that do nothing without a capability, user namespaces aside.
var useless = []struct {
	capability int
	calls      []string
}{
	{unix.CAP_SYS_MODULE, []string{"init_module", "finit_module", "delete_module"}},
	{unix.CAP_SYS_BOOT, []string{"reboot", "kexec_load", "kexec_file_load"}},
	{unix.CAP_SYS_ADMIN, []string{"swapon", "swapoff", "mount", "umount2", "pivot_root", "move_mount", "fsmount", "mount_setattr", "sethostname", "setdomainname"}},
	{unix.CAP_SYS_CHROOT, []string{"chroot"}},
	{unix.CAP_SYS_TIME, []string{"settimeofday", "clock_settime"}},
	{unix.CAP_SYS_PACCT, []string{"acct"}},
	{unix.CAP_SYS_RAWIO, []string{"iopl", "ioperm"}},
	{unix.CAP_SYS_TTY_CONFIG, []string{"vhangup"}},
	{unix.CAP_DAC_READ_SEARCH, []string{"open_by_handle_at"}},
}

func deadGrants(v *view) {
	for _, n := range needed {
		if v.holds(bit(n.capability)) {
			if name, _ := v.anyAllowed(n.calls...); name == "" {
				v.capability(n.capability, 0, fmt.Sprintf("%s is held, and no call that needs it is allowed (%s)", capName(n.capability), listed(n.calls)))
			}
		}
	}
	if v.makesUserNamespaces() {
		return // and has every capability there
	}
	for _, u := range useless {
		for _, name := range u.calls {
			if w := v.reach(name); w != nil && !v.holds(bit(u.capability)) {
				v.call(name, w, 0, fmt.Sprintf("%s is allowed, and does nothing without %s", name, capName(u.capability)))
			}
		}
	}
}

// makesUserNamespaces reports whether the workload can get all capabilities in a user
// namespace.
func (v *view) makesUserNamespaces() bool {
	return v.reach("unshare", low(0, newUser)) != nil || v.reach("clone", low(0, newUser)) != nil || v.reach("clone3") != nil
}
