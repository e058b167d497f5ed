package mount

import (
	"slices"
	"strings"

	"casemate/internal/facts"
	"casemate/internal/plan"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

const maskAttrs = unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC

// maskSlot holds the file system that masks are copied from.
const maskSlot = "mask"

// Masks covers each masked path. A default that this kernel does not have is left
// out; a path that the policy names has to be there, or the step fails.
//
// The covers are copies of an empty directory and an empty file, both of mode 000,
// in a read-only tmpfs made for this, so that no file of the container or the host is
// ever the source of a mask: /dev/null of the root was, in CVE-2025-31133. The tmpfs
// is attached over the root meanwhile, because open_tree(2) copies from a detached
// mount only since Linux 6.15, and is the topmost there when it is detached again.
func Masks(l *plan.List, p *sealed.Policy, f *facts.Facts) {
	masks := Present(p, f, p.Masks)
	if len(masks) == 0 {
		return
	}
	filesystem(l, "", maskSlot, "tmpfs", maskAttrs, [2]string{"mode", "0555"}, [2]string{"size", "4k"}, [2]string{"nr_inodes", "4"})
	l.Add("", plan.Mkdirat, plan.Slot(maskSlot), plan.String("dir"), plan.Mode(0))
	l.Add("", plan.Mknodat, plan.Slot(maskSlot), plan.String("file"), plan.Named(unix.S_IFREG, "S_IFREG|0000"), plan.Num(0))
	setattr(l, "", maskSlot, unix.MOUNT_ATTR_RDONLY, false, false)
	attach(l, "", maskSlot, anchor)
	for _, m := range masks {
		in, rest, _ := holder(p, m.Path)
		source := "file"
		if m.Type == sealed.Directory {
			source = "dir"
		}
		openAny(l, m.At, in, rest, "point")
		l.Save(m.At, "cover", plan.OpenTree, plan.Slot(maskSlot), plan.String(source),
			plan.Flags(unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC, &treeFlags))
		attach(l, m.At, "cover", "point")
	}
	l.Add("", plan.Umount2, plan.String("/"), plan.Named(unix.MNT_DETACH, "MNT_DETACH"))
}

// ReadOnly lays a read-only copy of each path over itself, with all mounts below.
func ReadOnly(l *plan.List, p *sealed.Policy, f *facts.Facts) {
	for _, r := range frozen(p, f) {
		in, rest, _ := holder(p, r.Path)
		openAny(l, r.At, in, rest, "point")
		l.Save(r.At, "cover", plan.OpenTree, plan.Slot("point"), plan.String(""),
			plan.Flags(unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &treeFlags))
		setattr(l, r.At, "cover", unix.MOUNT_ATTR_RDONLY, true, true)
		attach(l, r.At, "cover", "point")
	}
}

// frozen are the read-only paths that need a copy. One that lies below another is
// read-only with it, and could not be opened any more: the other's copy lies over it.
func frozen(p *sealed.Policy, f *facts.Facts) []sealed.Path {
	all := Present(p, f, p.ReadOnly)
	return slices.DeleteFunc(slices.Clone(all), func(r sealed.Path) bool {
		return slices.ContainsFunc(all, func(other sealed.Path) bool { return strings.HasPrefix(r.Path, other.Path+"/") })
	})
}

// openAny opens a mount point that may be a file or a directory.
func openAny(l *plan.List, at, in, path, save string) {
	open(l, at, in, path, sealed.RegularFile, save)
}

// Present leaves out the defaults that this kernel does not have or that lie in a
// file system the policy does not mount, and fills in the type of the others.
func Present(p *sealed.Policy, f *facts.Facts, paths []sealed.Path) []sealed.Path {
	present := make([]sealed.Path, 0, len(paths))
	for _, m := range paths {
		if m.Default {
			kind, ok := f.Paths[m.Path]
			if slot, _, _ := holder(p, m.Path); !ok || slot == plan.Root {
				continue
			}
			m.Type = sealed.RegularFile
			if kind == "dir" {
				m.Type = sealed.Directory
			}
		}
		present = append(present, m)
	}
	return present
}
