package landlock

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"strings"

	"casemate/internal/facts"
	"casemate/internal/mount"
	"casemate/internal/plan"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// The slots of the two rows.
const (
	ruleset = "ruleset"
	top     = "top"
	beneath = "beneath"
	outside = "outside" // a file system that no rule reaches
)

// Rules makes the ruleset, its rules, and a file system that none of them reaches, by which
// Restrict shows that the domain is in force. init is the number of the descriptor of
// init's binary, which lies outside the container's tree and has to be executed; free is
// the lowest number that no descriptor has.
//
// A rule names its directory by a number inside a structure, so each directory is moved to
// the same number, three above the ruleset's: between lie the root and the first one, and
// what is opened later gets numbers above.
func Rules(l *plan.List, p *sealed.Policy, f *facts.Facts, init, free uint64) {
	d, _ := At(&p.LSM.Landlock, f.Landlock)
	if d.None() {
		return
	}
	attr, size := rulesetAttr(&d, f.Landlock)
	l.Save(d.At, ruleset, plan.LandlockCreateRuleset, attr, plan.Num(size), plan.Num(0))
	for i := range p.LSM.Landlock.Ports {
		port(l, &p.LSM.Landlock.Ports[i], d.Net)
	}
	if d.Files == 0 {
		return
	}
	// A file in a file system that the kernel has for itself, as a memfd is, takes no rule
	// and needs none.
	l.Tolerate("", "EBADFD", plan.LandlockAddRule, plan.Slot(ruleset), pathBeneath, beneathAttr(sealed.FileExecute|sealed.FileRead, init), plan.Num(0))
	mount.Top(l, top)
	for i := range p.LSM.Landlock.Beneath {
		b := &p.LSM.Landlock.Beneath[i]
		if b.Allow&d.Files == 0 {
			continue
		}
		mount.OpenBelow(l, b.At, top, cmp.Or(strings.TrimPrefix(b.Path, "/"), "."), b.Type, beneath)
		l.Add(b.At, plan.Dup3, plan.Slot(beneath), plan.Num(free+3), plan.Named(unix.O_CLOEXEC, "O_CLOEXEC"))
		l.Add(b.At, plan.LandlockAddRule, plan.Slot(ruleset), pathBeneath, beneathAttr(b.Allow&d.Files, free+3), plan.Num(0))
	}
	l.Add("", plan.CloseRange, plan.Num(free+1), plan.Named(uint64(^uint32(0)), "UINT_MAX"), plan.Num(0))
	mount.Outside(l, outside)
}

var pathBeneath = plan.Named(unix.LANDLOCK_RULE_PATH_BENEATH, "LANDLOCK_RULE_PATH_BENEATH")

// netPort is LANDLOCK_RULE_NET_PORT of linux/landlock.h, which x/sys does not carry.
var netPort = plan.Named(2, "LANDLOCK_RULE_NET_PORT")

func port(l *plan.List, p *sealed.Port, net uint64) {
	if p.Allow&net == 0 {
		return
	}
	b := binary.NativeEndian.AppendUint64(nil, p.Allow&net)
	b = binary.NativeEndian.AppendUint64(b, uint64(p.Number)) // struct landlock_net_port_attr
	l.Add(p.At, plan.LandlockAddRule, plan.Slot(ruleset), netPort, plan.Struct(b, plan.Flags(p.Allow&net, &PortNames), plan.Num(uint64(p.Number))), plan.Num(0))
}

// Restrict enters the domain, for good, and does just before and just after what it forbids
// and nothing else does: no file of the kernel's says afterwards whether a process is in a domain.
func Restrict(l *plan.List, p *sealed.Policy, f *facts.Facts) {
	d, _ := At(&p.LSM.Landlock, f.Landlock)
	if d.None() {
		return
	}
	if d.Files != 0 {
		l.Add("", plan.Mkdirat, plan.Slot(outside), plan.String("before"), plan.Mode(0o700))
	}
	l.Add(d.At, plan.LandlockRestrictSelf, plan.Slot(ruleset), plan.Flags(logging(&d, f.Landlock), &logNames))
	if d.Files != 0 {
		l.Must(d.At, "EACCES", plan.Mkdirat, plan.Slot(outside), plan.String("after"), plan.Mode(0o700))
	}
}

// logging: by itself the kernel logs what the program that restricts itself is denied, and
// nothing of a program that is executed later, but all of the domains that such a program
// makes for itself (Linux 6.15). A workload could fill the host's log with those.
func logging(d *sealed.Landlock, abi int) uint64 {
	if abi < 7 {
		return 0
	}
	flags := uint64(unix.LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF)
	if d.Log {
		flags |= unix.LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON
	}
	return flags
}

// rulesetAttr is struct landlock_ruleset_attr, as long as the ABI knows it.
func rulesetAttr(d *sealed.Landlock, abi int) (plan.Arg, uint64) {
	b := binary.NativeEndian.AppendUint64(nil, d.Files)
	parts := []plan.Arg{plan.Flags(d.Files, &FileNames)}
	if abi >= 4 {
		b = binary.NativeEndian.AppendUint64(b, d.Net)
		parts = append(parts, plan.Flags(d.Net, &PortNames))
	}
	if abi >= 6 {
		b = binary.NativeEndian.AppendUint64(b, d.Scoped)
		parts = append(parts, plan.Flags(d.Scoped, &ScopeNames))
	}
	return plan.Struct(b, parts...), uint64(len(b))
}

// beneathAttr is struct landlock_path_beneath_attr, which is packed: 12 bytes.
func beneathAttr(allow, fd uint64) plan.Arg {
	b := binary.NativeEndian.AppendUint64(nil, allow)
	b = binary.NativeEndian.AppendUint32(b, uint32(fd))
	return plan.Struct(b, plan.Flags(allow, &FileNames), plan.Bytes(fmt.Sprintf("fd=%d", fd), nil))
}
