package diff

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"casemate/internal/caps"
	"casemate/internal/sealed"
)

func (d *differ) capabilities() error {
	o, n := &d.old.Policy.Caps, &d.new.Policy.Caps
	for _, set := range []struct {
		name, key string
		old, new  uint64
	}{{"bounding set", "keep", o.Keep, n.Keep}, {"ambient set", "ambient", o.Ambient, n.Ambient}} {
		d.add(Change{
			Subject: set.name, Order: powers(set.old, set.new), Old: names(set.old), New: names(set.new),
			Note:  changed(set.old, set.new),
			OldAt: d.old.capability(set.key, set.old&^set.new, o.At), NewAt: d.new.capability(set.key, set.new&^set.old, n.At),
		})
	}
	return nil
}

// names prints a set as policies write it.
func names(set uint64) string {
	if set == 0 {
		return "none"
	}
	return strings.ReplaceAll(strings.ReplaceAll(caps.Text(set), "CAP_", ""), "|", " ")
}

func changed(old, new uint64) string {
	var parts []string
	if gained := new &^ old; gained != 0 {
		parts = append(parts, "added "+names(gained))
	}
	if lost := old &^ new; lost != 0 {
		parts = append(parts, "removed "+names(lost))
	}
	return strings.Join(parts, ", ")
}

// capability is the place of the first capability of a set in the text's list.
func (s *Side) capability(key string, set uint64, otherwise string) string {
	if s.Text != nil && set != 0 {
		name := names(1 << bits.TrailingZeros64(set))
		if p := s.Text.PosOf("capabilities."+key, name); p.Line > 0 {
			return p.String()
		}
	}
	return otherwise
}

func (d *differ) exec() error {
	old, new := d.old.Policy, d.new.Policy
	o, n := &old.Exec, &new.Exec
	add := func(subject string, order Order, from, to any) {
		d.add(Change{Subject: subject, Order: order, Old: fmt.Sprint(from), New: fmt.Sprint(to), OldAt: o.At, NewAt: n.At})
	}
	add("service", either(old.Service, new.Service), old.Service, new.Service)
	add("argv", lists(o.Argv, n.Argv), quoted(o.Argv), quoted(n.Argv))
	add("env", lists(o.Env, n.Env), quoted(minus(o.Env, n.Env)), quoted(minus(n.Env, o.Env)))
	add("cwd", either(o.Cwd, n.Cwd), o.Cwd, n.Cwd)
	on, nn := &old.Namespaces, &new.Namespaces
	add("uid", hostIDs(o.UID, n.UID, on.HostUID(o.UID), nn.HostUID(n.UID)), idText(o.UID, on.HostUID(o.UID)), idText(n.UID, nn.HostUID(n.UID)))
	add("gid", hostIDs(o.GID, n.GID, on.HostGID(o.GID), nn.HostGID(n.GID)), idText(o.GID, on.HostGID(o.GID)), idText(n.GID, nn.HostGID(n.GID)))
	add("groups", groupSets(old, new), o.Groups, n.Groups)
	add("umask", powers(uint64(o.Umask), uint64(n.Umask)).reverse(), fmt.Sprintf("%04o", o.Umask), fmt.Sprintf("%04o", n.Umask))
	add("tty", inclusion(n.TTY && !o.TTY, o.TTY && !n.TTY), o.TTY, n.TTY)
	add("mdwe", inclusion(!n.Memory.MDWE && o.Memory.MDWE, n.Memory.MDWE && !o.Memory.MDWE), o.Memory.MDWE, n.Memory.MDWE)
	add("memfd", memFDs(o.Memory.MemFD, n.Memory.MemFD), memFDText[o.Memory.MemFD], memFDText[n.Memory.MemFD])
	add("core scheduling", inclusion(!n.Core && o.Core, n.Core && !o.Core), o.Core, n.Core)
	add("no speculation", powers(uint64(o.Spec), uint64(n.Spec)).reverse(), specText(o.Spec), specText(n.Spec))
	add("oom_score_adj", oomScores(o, n), oomText(o), oomText(n))
	return nil
}

// memFDs: where the filter allows no memfd_create there is nothing to compare but the calls.
func memFDs(old, new sealed.MemFD) Order {
	if old == sealed.MemFDNone || new == sealed.MemFDNone {
		return either(old, new)
	}
	return widths(uint32(old), uint32(new))
}

var memFDText = [...]string{sealed.MemFDNone: "none", sealed.MemFDNoExec: "not executed", sealed.MemFDExec: "executed"}

func specText(kinds uint8) string {
	var words []string
	for _, k := range []struct {
		bit  uint8
		word string
	}{{sealed.SpecStoreBypass, "store-bypass"}, {sealed.SpecIndirectBranch, "indirect-branch"}} {
		if kinds&k.bit != 0 {
			words = append(words, k.word)
		}
	}
	return orNone(strings.Join(words, ", "))
}

// lists are behaviour where they differ.
func lists(old, new []string) Order {
	if slices.Equal(old, new) {
		return Equal
	}
	return Behaviour
}

func quoted(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return fmt.Sprintf("%q", list)
}

// minus gives what a has and b does not.
func minus(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

// ids: root is weakest. Two others reach different files, neither more than the other.
func ids(old, new uint32) Order {
	switch {
	case old == new:
		return Equal
	case new == 0:
		return Weaker
	case old == 0:
		return Stricter
	}
	return Incomparable
}

// supersets compares lists of grants without regard to their order.
func supersets[T comparable](old, new []T) Order {
	without := func(list []T) func(T) bool { return func(v T) bool { return !slices.Contains(list, v) } }
	return inclusion(slices.ContainsFunc(new, without(old)), slices.ContainsFunc(old, without(new)))
}

// oomScores: a higher score lets the workload die before the host's services. Without
// one the manager's holds, which is 0 unless its unit says otherwise. To state it is
// a behaviour then.
func oomScores(o, n *sealed.Exec) Order {
	if order := widths(n.OOMScore, o.OOMScore); order != Equal {
		return order
	}
	return either(o.SetOOM, n.SetOOM)
}

func oomText(e *sealed.Exec) string {
	if e.SetOOM {
		return fmt.Sprint(e.OOMScore)
	}
	return "the manager's"
}
