package diff

import (
	"fmt"
	"slices"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/tree"
)

// root is what "/" is made of; what that shows is compared with the mounts.
func (d *differ) root() error {
	o, n := &d.old.Policy.Root, &d.new.Policy.Root
	c := Change{Subject: "path", Old: rootText(o), New: rootText(n), OldAt: o.At, NewAt: n.At}
	switch {
	case c.Old == c.New:
	case o.Assembled():
		c.Order = Weaker
	case n.Assembled():
		c.Order = Stricter
	default:
		c.Order = Incomparable
	}
	d.add(c)
	d.verity(o, n)
	d.add(Change{
		Subject: "writable", Order: powers(flag(o.Writable), flag(n.Writable)), Old: yesNo(o.Writable), New: yesNo(n.Writable),
		OldAt: o.At, NewAt: n.At,
	})
	d.add(Change{
		Subject: "idmap", Order: powers(flag(o.IDMap), flag(n.IDMap)), Old: yesNo(o.IDMap), New: yesNo(n.IDMap), OldAt: o.At, NewAt: n.At,
	})
	d.symlinks(o.Symlinks, n.Symlinks)
	return nil
}

func rootText(r *sealed.Root) string {
	switch {
	case r.Image.File != "":
		return "image:" + r.Image.File
	case r.Path != "":
		return "host:" + r.Path
	}
	return "assembled"
}

// verity is what an image is held to. Another hash is another image; where the tree lies
// does not matter, for it is held to the hash too.
func (d *differ) verity(o, n *sealed.Root) {
	if (o.Image.File == "") != (n.Image.File == "") { // the path says so
		return
	}
	old, new := verityText(&o.Image), verityText(&n.Image)
	c := Change{Subject: "root hash", Old: orNone(old), New: orNone(new), OldAt: o.At, NewAt: n.At}
	switch {
	case old == new:
	case new == "":
		c.Order = Weaker
	case old == "":
		c.Order = Stricter
	default:
		c.Order = Incomparable
	}
	d.add(c)
	d.add(Change{
		Subject: "hash tree", Order: either(o.Image.Verity, n.Image.Verity), Old: orNone(o.Image.Verity), New: orNone(n.Image.Verity), OldAt: o.At, NewAt: n.At,
	})
}

func verityText(i *sealed.Image) string {
	if i.Hash == [32]byte{} {
		return ""
	}
	return fmt.Sprintf("%x", i.Hash)
}

// symlinks are behaviour: a link brings nothing into reach that its target was not.
func (d *differ) symlinks(old, new []sealed.Symlink) {
	before, after := links(old), links(new)
	for _, path := range sortedKeys(before, after) {
		o, n := before[path], after[path]
		d.add(Change{
			Subject: "symlink " + path, Order: either(o.Target, n.Target), Old: orNone(o.Target), New: orNone(n.Target), OldAt: o.At, NewAt: n.At,
		})
	}
}

func links(list []sealed.Symlink) map[string]sealed.Symlink {
	m := map[string]sealed.Symlink{}
	for _, l := range list {
		m[l.Path] = l
	}
	return m
}

// sortedKeys of both maps, each once.
func sortedKeys[V any](a, b map[string]V) []string {
	var keys []string
	for _, m := range []map[string]V{a, b} {
		for k := range m {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// mounts compares what stands at each point where either tree changes.
func (d *differ) mounts() error {
	old, new := d.old.Policy, d.new.Policy
	for _, path := range tree.Points(old, new) {
		if path != "/" { // that is the dimension root
			d.point(path, tree.At(old, path), tree.At(new, path))
		}
		d.bounds(path, mountAt(old, path), mountAt(new, path))
	}
	d.demands("mask", old.Masks, new.Masks)
	d.demands("readonly", old.ReadOnly, new.ReadOnly)
	return nil
}

func (d *differ) point(path string, o, n tree.State) {
	order := states(o, n)
	if order == Equal || d.follows(path, o, n) {
		return
	}
	note := ""
	if o.Access > tree.Masked && n.Access > tree.Masked && uncovers(o, n) {
		note = "where the host has mounted something there, one shows that, and the other what lies under it"
	}
	d.add(Change{
		Subject: path, Order: order, Old: o.String(), New: n.String(), Note: note,
		OldAt: d.old.decided(path, o), NewAt: d.new.decided(path, n),
	})
}

// decided is the line behind a state; none for what is not there. A default mask that is
// absent is removed by a line too.
func (s *Side) decided(path string, state tree.State) string {
	if state.Access == tree.Absent {
		return ""
	}
	if s.Text != nil && state.Mask == nil && state.Frozen == nil {
		for _, spelling := range []string{path, path + "/"} {
			if p := s.Text.PosOf("masks.unmask", spelling); p.Line > 0 {
				return p.String()
			}
		}
	}
	return state.Decided(s.Policy)
}

// follows tells whether the change at a path is the one at the directory it lies in and
// no more: its mounts and covers are the same ones there. A mask that comes or goes
// with the file system it is for follows too.
func (d *differ) follows(path string, o, n tree.State) bool {
	parent := path[:max(strings.LastIndexByte(path, '/'), 0)]
	if parent == "" {
		return false
	}
	po, pn := tree.At(d.old.Policy, parent), tree.At(d.new.Policy, parent)
	if states(po, pn) == Equal {
		return false
	}
	appeared := po.Access == tree.Absent && o.Access == tree.Absent && n.Mount == pn.Mount && n.Access <= pn.Access
	vanished := pn.Access == tree.Absent && n.Access == tree.Absent && o.Mount == po.Mount && o.Access <= po.Access
	same := o.Mount == po.Mount && n.Mount == pn.Mount && o.Mask == po.Mask && n.Mask == pn.Mask && o.Frozen == po.Frozen && n.Frozen == pn.Frozen
	return appeared || vanished || same
}

// states orders what a workload can do at one path.
func states(o, n tree.State) Order {
	if o.Access <= tree.Masked || n.Access <= tree.Masked {
		return widths(int(o.Access), int(n.Access))
	}
	if o.Origin != n.Origin {
		return Incomparable
	}
	order := join(widths(int(o.Access), int(n.Access)), powers(may(o), may(n)))
	if uncovers(o, n) {
		order = join(order, Unknown)
	}
	return order
}

// uncovers tells whether one of two states of a path shows what the host has mounted there or
// below it, and the other what lies under that. Neither holds the other: a mount is also a way to
// hide a directory, and so the kernel lets nobody of less privilege take one away
// (mount_namespaces(7)). Whether there is a mount at all is the host's to know.
func uncovers(o, n tree.State) bool { return o.Recursive != n.Recursive || o.Covered != n.Covered }

// may is what a state allows besides reading and writing.
func may(s tree.State) uint64 {
	return flag(s.Exec) | flag(s.Devices)<<1 | flag(s.Mapped)<<2 | flag(s.Mount == nil || !s.Mount.PIDOnly)<<3 | flag(!s.NoFollow)<<4
}

func mountAt(p *sealed.Policy, path string) *sealed.Mount {
	for i := range p.Mounts {
		if p.Mounts[i].Target == path {
			return &p.Mounts[i]
		}
	}
	return nil
}
