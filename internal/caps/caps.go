// Package caps lowers ids and capability sets to steps: the one room where a
// process changes who it is.
//
// Pure: it imports sealed, facts and plan, and x/sys/unix for its constants.
package caps

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"

	"casemate/internal/facts"
	"casemate/internal/plan"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// Bound drops every capability that the kernel knows and the policy does not keep
// from the bounding set. It counts up to the kernel's last capability, not to ours:
// one that is newer than the policy goes too.
func Bound(l *plan.List, p *sealed.Policy, f *facts.Facts) {
	for c := 0; c <= int(f.CapLast); c++ {
		if p.Caps.Keep>>c&1 == 0 {
			l.Add(p.Caps.At, plan.Prctl, plan.Named(unix.PR_CAPBSET_DROP, "PR_CAPBSET_DROP"), number(c))
		}
	}
}

// Become changes groups, group and user id, and narrows the sets to what the policy
// says. KEEP_CAPS carries the permitted set over the change of the user id; the last
// capset gives up CAP_SETPCAP, which locking the securebits needs, and with it
// everything that is not ambient.
func Become(l *plan.List, p *sealed.Policy, f *facts.Facts) {
	at, caps := p.Exec.At, p.Caps
	const setpcap = 1 << unix.CAP_SETPCAP
	l.Add(at, plan.Prctl, plan.Named(unix.PR_SET_KEEPCAPS, "PR_SET_KEEPCAPS"), plan.Num(1))
	l.Add(at, plan.Setgroups, plan.Num(uint64(len(p.Exec.Groups))), groups(p.Exec.Groups))
	gid, uid := uint64(p.Exec.GID), uint64(p.Exec.UID)
	l.Add(at, plan.Setresgid, plan.Num(gid), plan.Num(gid), plan.Num(gid))
	l.Add(at, plan.Setresuid, plan.Num(uid), plan.Num(uid), plan.Num(uid))
	capset(l, caps.At, caps.Ambient|setpcap, caps.Ambient)
	l.Add(caps.At, plan.Prctl, plan.Named(unix.PR_CAP_AMBIENT, "PR_CAP_AMBIENT"),
		plan.Named(unix.PR_CAP_AMBIENT_CLEAR_ALL, "PR_CAP_AMBIENT_CLEAR_ALL"))
	for c := 0; c < 64; c++ {
		if caps.Ambient>>c&1 != 0 {
			l.Add(caps.At, plan.Prctl, plan.Named(unix.PR_CAP_AMBIENT, "PR_CAP_AMBIENT"),
				plan.Named(unix.PR_CAP_AMBIENT_RAISE, "PR_CAP_AMBIENT_RAISE"), number(c))
		}
	}
	l.Add("", plan.Prctl, plan.Named(unix.PR_SET_SECUREBITS, "PR_SET_SECUREBITS"), plan.Flags(Securebits, &secureFlags))
	capset(l, caps.At, caps.Ambient, caps.Ambient)
}

// capset sets permitted and effective to held, and inheritable. struct
// __user_cap_header_struct and two __user_cap_data_struct, capget(2).
func capset(l *plan.List, at string, held, inheritable uint64) {
	header := binary.NativeEndian.AppendUint32(nil, unix.LINUX_CAPABILITY_VERSION_3)
	header = binary.NativeEndian.AppendUint32(header, 0)
	var data []byte
	for _, half := range []uint{0, 32} {
		for _, set := range []uint64{held, held, inheritable} {
			data = binary.NativeEndian.AppendUint32(data, uint32(set>>half))
		}
	}
	l.Add(at, plan.Capset, plan.Bytes("{VERSION_3}", header),
		plan.Bytes(fmt.Sprintf("{effective=permitted=%s inheritable=%s}", Text(held), Text(inheritable)), data))
}

func groups(ids []uint32) plan.Arg {
	if len(ids) == 0 {
		return plan.Null()
	}
	var b []byte
	for _, g := range ids {
		b = binary.NativeEndian.AppendUint32(b, g)
	}
	return plan.Bytes(strings.Trim(fmt.Sprint(ids), "{}"), b)
}

func number(c int) plan.Arg { return plan.Named(uint64(c), Name(c)) }

// Text prints a set.
func Text(set uint64) string {
	if set == 0 {
		return "0"
	}
	var names []string
	for s := set; s != 0; s &= s - 1 {
		names = append(names, Name(bits.TrailingZeros64(s)))
	}
	return strings.Join(names, "|")
}
