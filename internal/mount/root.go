package mount

import (
	"strings"

	"casemate/internal/facts"
	"casemate/internal/plan"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// Opens lists what the parent copies out of the host's mount namespace. It must be
// the parent: since the child's namespace is another, open_tree(2) with
// OPEN_TREE_CLONE there refuses a descriptor from the host's (EINVAL), while a
// detached copy made by the parent can be attached in the child.
func Opens(p *sealed.Policy) []plan.Open {
	var opens []plan.Open
	if p.Root.Path != "" {
		opens = append(opens, plan.Open{Slot: plan.Root, Kind: plan.Tree, Path: p.Root.Path, Type: "dir", IDMap: p.Root.IDMap, At: p.Root.At})
	}
	if i := &p.Root.Image; i.File != "" {
		opens = append(opens, plan.Open{Slot: plan.Root, Kind: plan.Image, Path: i.File, Type: "file", Verity: plan.Verity{Tree: i.Verity, Hash: i.Hash}, IDMap: p.Root.IDMap, At: p.Root.At})
	}
	for i := range p.Mounts {
		m := &p.Mounts[i]
		if kind, ok := made[m.Kind]; ok {
			opens = append(opens, plan.Open{Slot: slotOf(m.Target), Kind: kind, Path: contents[kind], At: m.At})
		}
		if m.Kind != sealed.Bind {
			continue
		}
		o := plan.Open{Slot: slotOf(m.Target), Kind: plan.Tree, Path: m.Source, Type: typeNames[m.Type], IDMap: m.IDMap, At: m.At}
		if m.Recursive {
			o.Kind = plan.Recursive
		}
		opens = append(opens, o)
	}
	return opens
}

// made are the mounts that the parent makes rather than copies, and contents what they hold.
var (
	made     = map[sealed.MountKind]plan.OpenKind{sealed.Notify: plan.Notify, sealed.Secrets: plan.Secrets}
	contents = map[plan.OpenKind]string{
		plan.Notify:  "a detached copy of the shim's own socket for sd_notify(3)",
		plan.Secrets: "a detached ramfs with copies of the credentials",
	}
)

var typeNames = [...]string{sealed.Directory: "dir", sealed.RegularFile: "file", sealed.Socket: "socket"}

// anchor is the slot of the copied tree's own "/", over which the new root is attached:
// the one directory every host has. It is opened by the child, because move_mount(2)
// attaches only to a mount of the caller's own namespace.
const anchor = "anchor"

// Propagation makes the copied mount tree private, so that nothing mounted below
// shows on the host, whose "/" systemd has made shared (mount_namespaces(7)).
func Propagation(l *plan.List, p *sealed.Policy) {
	l.Add("", plan.Mount, plan.Null(), plan.String("/"), plan.Null(),
		plan.Named(unix.MS_REC|unix.MS_PRIVATE, "MS_REC|MS_PRIVATE"), plan.Null())
	Top(l, anchor)
}

// AttachRoot attaches the new root over the old one, with nosuid and nodev; read-only too where the root is a directory of the host.
func AttachRoot(l *plan.List, p *sealed.Policy, f *facts.Facts) {
	attrs := rootAttributes(p)
	if p.Root.Assembled() {
		filesystem(l, p.Root.At, plan.Root, "tmpfs", attrs&^unix.MOUNT_ATTR_RDONLY,
			append([][2]string{{"mode", "0755"}, {"size", "1m"}, {"nr_inodes", "1024"}}, fileLabel(p, f)...)...)
	} else {
		setattr(l, p.Root.At, plan.Root, attrs, false, true)
	}
	attach(l, p.Root.At, plan.Root, anchor)
	for _, s := range p.Root.Symlinks {
		directories(l, s.At, plan.Root, parent(s.Path[1:]))
		l.Add(s.At, plan.Symlinkat, plan.String(s.Target), plan.Slot(plan.Root), plan.String(s.Path[1:]))
	}
}

// Seal turns what the plan had to write into read-only, once it is complete: the
// assembled root, /dev, and each tmpfs that the policy wants read-only.
func Seal(l *plan.List, p *sealed.Policy) {
	for i := range p.Mounts {
		m := &p.Mounts[i]
		if (m.Kind == sealed.Dev || m.Kind == sealed.Tmpfs) && !m.Writable {
			setattr(l, m.At, slotOf(m.Target), unix.MOUNT_ATTR_RDONLY, false, false)
		}
	}
	if p.Root.Assembled() && !p.Root.Writable {
		setattr(l, p.Root.At, plan.Root, unix.MOUNT_ATTR_RDONLY, false, false)
	}
}

// Pivot makes the new root "/" and detaches the host's. With "." for both names
// the old root is stacked on the new one for a moment and needs no directory
// inside it (pivot_root(2)).
func Pivot(l *plan.List, p *sealed.Policy) {
	l.Add("", plan.Fchdir, plan.Slot(plan.Root))
	l.Add("", plan.PivotRoot, plan.String("."), plan.String("."))
	l.Add("", plan.Umount2, plan.String("."), plan.Named(unix.MNT_DETACH, "MNT_DETACH"))
	l.Add("", plan.Chdir, plan.String("/"))
}

// directories makes each directory of a path in a fresh mount, once in a row of the
// plan. EEXIST is expected: a parent may have been made in an earlier row.
func directories(l *plan.List, at, in, path string) {
	if path == "" {
		return
	}
	parts := strings.Split(path, "/")
	for i := range parts {
		dir := strings.Join(parts[:i+1], "/")
		if !hasMade(l, in, dir) {
			l.Tolerate(at, "EEXIST", plan.Mkdirat, plan.Slot(in), plan.String(dir), plan.Mode(0o755))
		}
	}
}

func hasMade(l *plan.List, in, dir string) bool {
	for _, s := range l.OfRow() {
		if s.Op == plan.Mkdirat && s.Args[0].Text == in && s.Args[1].Text == dir {
			return true
		}
	}
	return false
}

// parent is the path without its last component.
func parent(path string) string {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i]
	}
	return ""
}
