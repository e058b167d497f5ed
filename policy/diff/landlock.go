package diff

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/beneath"
)

// landlock compares what the two domains deny. Rules for files that follow from the mounts
// of both policies grant nothing of their own: the mounts are compared elsewhere.
func (d *differ) landlock() error {
	o, n := &d.old.Policy.LSM.Landlock, &d.new.Policy.LSM.Landlock
	d.denied("files", o, n, o.Files, n.Files, beneath.Words)
	d.denied("abstract sockets", o, n, o.Scoped&sealed.ScopeAbstract, n.Scoped&sealed.ScopeAbstract, own)
	d.denied("signals", o, n, o.Scoped&sealed.ScopeSignals, n.Scoped&sealed.ScopeSignals, own)
	d.tcp("bind", sealed.PortBind, o, n)
	d.tcp("connect", sealed.PortConnect, o, n)
	if !o.None() && !n.None() {
		d.add(Change{
			Subject: "min_abi", Order: widths(uint32(n.MinABI), uint32(o.MinABI)), Old: fmt.Sprint(o.MinABI), New: fmt.Sprint(n.MinABI), OldAt: o.At, NewAt: n.At,
			Note: "on a kernel with an older ABI the service runs with less denied",
		})
	}
	d.add(Change{Subject: "log", Order: either(o.Log, n.Log), Old: yesNo(o.Log), New: yesNo(n.Log), OldAt: o.At, NewAt: n.At})
	if !beneath.Follow(d.old.Policy) || !beneath.Follow(d.new.Policy) {
		d.beneath(o, n)
	}
	return nil
}

// denied compares sets of which the larger one confines more.
func (d *differ) denied(subject string, o, n *sealed.Landlock, old, new uint64, words func(uint64) string) {
	d.add(Change{Subject: subject, Order: powers(old, new).reverse(), Old: words(old), New: words(new), OldAt: o.At, NewAt: n.At})
}

// own words a scope.
func own(scoped uint64) string {
	if scoped != 0 {
		return "only the container's own"
	}
	return "any that it can reach"
}

// tcp compares the ports that a right is left for.
func (d *differ) tcp(subject string, right uint64, o, n *sealed.Landlock) {
	old, oldText := portsOf(o, right)
	new, newText := portsOf(n, right)
	gained, lost := false, false
	for port := range uint32(1 << 16) {
		gained = gained || new(port) && !old(port)
		lost = lost || old(port) && !new(port)
	}
	d.add(Change{Subject: subject, Order: inclusion(gained, lost), Old: oldText, New: newText, OldAt: o.At, NewAt: n.At})
}

func portsOf(l *sealed.Landlock, right uint64) (has func(uint32) bool, text string) {
	if l.Net&right == 0 {
		return func(uint32) bool { return true }, "all ports"
	}
	ports := map[uint32]bool{}
	var list []string
	for _, p := range l.Ports {
		if p.Allow&right != 0 {
			ports[p.Number] = true
			list = append(list, fmt.Sprint(p.Number))
		}
	}
	return func(n uint32) bool { return ports[n] }, orNone(strings.Join(list, ", "))
}

// beneath compares what rules come to at each path that either policy names; what lies
// below changes alike and is not named again.
func (d *differ) beneath(o, n *sealed.Landlock) {
	before, after := rulesOf(o), rulesOf(n)
	type change struct{ gained, lost uint64 }
	said := map[string]change{}
	both := o.Files & n.Files // what only one denies is said already
	for _, name := range sortedKeys(before, after) {
		old, new := beneath.At(o, name)&both, beneath.At(n, name)&both
		c := change{new &^ old, old &^ new}
		above := change{}
		for dir := name; dir != "/" && above == (change{}); {
			dir = path.Dir(dir)
			above = said[dir]
		}
		if o, n := before[name], after[name]; o.Allow != 0 && n.Allow != 0 {
			d.add(Change{Subject: name + " type", Order: either(o.Type, n.Type), Old: typeText(o.Type), New: typeText(n.Type), OldAt: o.At, NewAt: n.At})
		}
		if said[name] = c; c == above {
			continue
		}
		d.add(Change{
			Subject: name, Order: powers(old, new), Old: beneath.Words(old), New: beneath.Words(new),
			OldAt: cmp.Or(before[name].At, o.At), NewAt: cmp.Or(after[name].At, n.At),
		})
	}
}

func rulesOf(l *sealed.Landlock) map[string]sealed.Beneath {
	m := map[string]sealed.Beneath{}
	for _, b := range l.Beneath {
		m[b.Path] = b
	}
	return m
}

func typeText(t sealed.PathType) string {
	if t == sealed.Directory {
		return "directory"
	}
	return "file"
}
