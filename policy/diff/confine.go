package diff

import (
	"crypto/sha256"
	"fmt"
	"reflect"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/profile"

	"golang.org/x/sys/unix"
)

// namespaceKinds in the words of policies.
var namespaceKinds = []struct {
	name string
	flag uint64
}{
	{"pid", unix.CLONE_NEWPID}, {"mount", unix.CLONE_NEWNS}, {"net", unix.CLONE_NEWNET}, {"ipc", unix.CLONE_NEWIPC},
	{"uts", unix.CLONE_NEWUTS}, {"cgroup", unix.CLONE_NEWCGROUP}, {"user", unix.CLONE_NEWUSER}, {"time", unix.CLONE_NEWTIME},
}

func (d *differ) namespaces() error {
	o, n := &d.old.Policy.Namespaces, &d.new.Policy.Namespaces
	rest := ^uint64(0)
	for _, k := range namespaceKinds {
		rest &^= k.flag
		if k.flag == unix.CLONE_NEWNET && (o.Join != "" || n.Join != "") {
			d.network(o, n)
			continue
		}
		d.add(Change{
			Subject: k.name, Order: powers(o.New&k.flag, n.New&k.flag).reverse(), Old: owner(o.New & k.flag), New: owner(n.New & k.flag),
			OldAt: d.old.shared(k.name, o.At), NewAt: d.new.shared(k.name, n.At),
		})
	}
	if o.New&rest != n.New&rest {
		d.add(Change{Subject: "flags", Order: Unknown, Old: hex(o.New & rest), New: hex(n.New & rest), OldAt: o.At, NewAt: n.At})
	}
	d.add(Change{Subject: "hostname", Order: either(o.Hostname, n.Hostname), Old: orNone(o.Hostname), New: orNone(n.Hostname), OldAt: o.At, NewAt: n.At})
	d.userMap("uid map", o, n, func(ns *sealed.Namespaces) []sealed.IDRange { return ns.UIDs })
	d.userMap("gid map", o, n, func(ns *sealed.Namespaces) []sealed.IDRange { return ns.GIDs })
	if o.New&n.New&unix.CLONE_NEWTIME != 0 {
		d.add(Change{Subject: "clocks", Order: either(o.Clocks, n.Clocks), Old: clockText(o), New: clockText(n), OldAt: o.At, NewAt: n.At})
	}
	return nil
}

func clockText(n *sealed.Namespaces) string {
	return strings.ReplaceAll(strings.TrimSpace(n.Clocks.Text()), "\n", ", ")
}

func owner(flag uint64) string {
	if flag != 0 {
		return "new"
	}
	return "shared with the host"
}

// shared is the place that shares a namespace, where the text has one.
func (s *Side) shared(name, otherwise string) string {
	if s.Text == nil {
		return otherwise
	}
	if p := s.Text.PosOf("namespaces.share", name); p.Line > 0 {
		return p.String()
	}
	if p := s.Text.Pos("network.mode"); name == "net" && p.Line > 0 {
		return p.String()
	}
	return otherwise
}

// labels of the security modules. What a label allows is the module's policy, which is
// not here: two labels cannot be compared.
func (d *differ) labels() error {
	o, n := &d.old.Policy.LSM, &d.new.Policy.LSM
	d.label("apparmor", o.AppArmor, n.AppArmor)
	d.label("selinux", o.SELinux, n.SELinux)
	d.profile(o, n)
	d.contexts(o, n)
	return nil
}

// contexts compares what belongs to two labels of SELinux.
func (d *differ) contexts(o, n *sealed.LSM) {
	if o.SELinux.Text == "" || n.SELinux.Text == "" {
		return
	}
	if o.Contexts.Auto != n.Contexts.Auto {
		d.add(Change{
			Subject: "selinux level", Order: powers(flag(!o.Contexts.Auto), flag(!n.Contexts.Auto)),
			Old: levelText(o.Contexts.Auto), New: levelText(n.Contexts.Auto), OldAt: o.SELinux.At, NewAt: n.SELinux.At,
			Note: "at a level of its own a container reaches no other's files",
		})
	}
	if o.Contexts.Files != n.Contexts.Files {
		d.add(Change{
			Subject: "selinux files", Order: Incomparable, Old: orNone(o.Contexts.Files), New: orNone(n.Contexts.Files), OldAt: o.SELinux.At, NewAt: n.SELinux.At,
			Note: "what each type allows is the host's module policy, which is not compared",
		})
	}
}

func levelText(auto bool) string {
	if auto {
		return "its own"
	}
	return "as stated"
}

func (d *differ) label(module string, o, n sealed.Label) {
	c := Change{Subject: module, Old: orNone(o.Text), New: orNone(n.Text), OldAt: o.At, NewAt: n.At}
	switch {
	case o.Text == n.Text:
	case o.Text == "":
		c.Order = Stricter
	case n.Text == "":
		c.Order = Weaker
	default:
		c.Order, c.Note = Incomparable, "what each label allows is the host's module policy, which is not compared"
	}
	d.add(c)
	if o.Text != "" && n.Text != "" && o.Require != n.Require {
		d.add(Change{
			Subject: module + " require", Order: powers(flag(!o.Require), flag(!n.Require)),
			Old: yesNo(o.Require), New: yesNo(n.Require), OldAt: o.At, NewAt: n.At,
			Note: "without require a host that lacks the module runs the service without the label",
		})
	}
}

// profile is a generated one. Where it is what this version makes of its policy it grants
// nothing of its own, and all that it follows from is compared elsewhere.
func (d *differ) profile(o, n *sealed.LSM) {
	generated := [2]bool{len(o.Profile.Binaries) > 0, len(n.Profile.Binaries) > 0}
	c := Change{Subject: "apparmor profile", OldAt: o.AppArmor.At, NewAt: n.AppArmor.At}
	switch {
	case generated[0] != generated[1] && o.AppArmor.Text != "" && n.AppArmor.Text != "":
		origin := map[bool]string{true: "generated", false: "loaded by the system"}
		c.Order, c.Old, c.New = Incomparable, origin[generated[0]], origin[generated[1]]
	case reflect.DeepEqual(o.Profile, n.Profile) || !generated[0] || !generated[1]:
		return
	case o.Profile.Text != n.Profile.Text && follows(d.old.Policy) && follows(d.new.Policy):
		return
	default:
		c.Order, c.Old, c.New = Unknown, profileText(&o.Profile), profileText(&n.Profile)
		c.Note = "made by another version of casemate or of apparmor_parser, whose rules are not compared"
	}
	d.add(c)
}

// follows tells whether the profile is the one that this version generates.
func follows(p *sealed.Policy) bool {
	text, err := profile.Text(p)
	return err == nil && sha256.Sum256([]byte(text)) == p.LSM.Profile.Text
}

func profileText(p *sealed.Profile) string {
	var binary []byte
	for _, b := range p.Binaries {
		binary = append(append(binary, b.ABI...), b.Bytes...)
	}
	return fmt.Sprintf("text %.4x, binary %.4x", p.Text, sha256.Sum256(binary))
}

func flag(on bool) uint64 {
	if on {
		return 1
	}
	return 0
}

func yesNo(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
