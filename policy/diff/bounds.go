package diff

import (
	"fmt"

	"casemate/internal/sealed"
	"casemate/policy/tree"

	"golang.org/x/sys/unix"
)

// bounds compares what two mounts at one place have besides what they show: the memory
// they may take, and to whom they belong.
func (d *differ) bounds(path string, o, n *sealed.Mount) {
	if o == nil || n == nil || o.Kind != n.Kind {
		d.moreMemory(path, o, n)
		return
	}
	add := func(what string, order Order, from, to any) {
		d.add(Change{Subject: path + " " + what, Order: order, Old: fmt.Sprint(from), New: fmt.Sprint(to), OldAt: o.At, NewAt: n.At})
	}
	add("size", widths(o.Size, n.Size), o.Size, n.Size)
	add("inodes", widths(o.Inodes, n.Inodes), o.Inodes, n.Inodes)
	add("mode", powers(grants(o.Mode), grants(n.Mode)), fmt.Sprintf("%04o", o.Mode), fmt.Sprintf("%04o", n.Mode))
	before, after := ownerText(o, d.old.Policy), ownerText(n, d.new.Policy)
	if before != after {
		add("owner", Incomparable, before, after)
	}
	add("type", either(o.Type, n.Type), o.Type, n.Type)
	if o.Kind != sealed.Bind && o.Source != n.Source { // it has none; see internal/sealed
		add("source", Unknown, o.Source, n.Source)
	}
}

// grants are the permission bits as powers. The sticky bit takes one away, that of removing
// the files of others (inode(7)).
func grants(mode uint32) uint64 { return uint64(mode ^ unix.S_ISVTX) }

// moreMemory: a tmpfs of its own inside another one shows nothing new, but holds more.
func (d *differ) moreMemory(path string, o, n *sealed.Mount) {
	c := Change{Subject: path + " memory", Old: "none of its own", New: "none of its own"}
	before, after := uint64(0), uint64(0)
	if o != nil && o.Size > 0 {
		before, c.Old, c.OldAt = o.Size, fmt.Sprint(o.Size, " bytes"), o.At
	}
	if n != nil && n.Size > 0 {
		after, c.New, c.NewAt = n.Size, fmt.Sprint(n.Size, " bytes"), n.At
	}
	if tree.At(d.old.Policy, path).Origin == tree.At(d.new.Policy, path).Origin {
		c.Order = widths(before, after)
	}
	d.add(c)
}

// ownerText names the workload's own ids as such: where they change, that is one change
// of exec, not one of every tmpfs.
func ownerText(m *sealed.Mount, p *sealed.Policy) string {
	if m.Kind == sealed.Tmpfs && m.UID == p.Exec.UID && m.GID == p.Exec.GID {
		return "the workload"
	}
	return fmt.Sprintf("%d:%d", m.UID, m.GID)
}

// demands compares what a listed path asks of the host: a default may be absent there, a
// path of the policy's own has to be there and of its type, or the launch fails.
func (d *differ) demands(list string, old, new []sealed.Path) {
	for _, o := range old {
		for _, n := range new {
			if o.Path == n.Path {
				d.add(Change{Subject: list + " " + o.Path, Order: either(demand(o), demand(n)), Old: demand(o), New: demand(n), OldAt: o.At, NewAt: n.At})
			}
		}
	}
}

func demand(p sealed.Path) string {
	if p.Default {
		return "where the host has it"
	}
	return "demanded, a " + map[sealed.PathType]string{sealed.Directory: "directory", sealed.RegularFile: "file", sealed.Socket: "socket"}[p.Type]
}
