// Package mount lowers the root, the mounts, the masked and the read-only paths
// of a policy to steps: the one room where the container's file system tree is
// decided.
//
// Everything is mounted by descriptor: a file system or a copy of a mount is made
// detached, gets its attributes while nobody can reach it, and is then attached
// to a mount point that was opened, not named. A detached mount can be attached
// below another detached one only since Linux 6.15, so the root is attached first
// and the rest below it. The mounts below are relative to the mount they lie in,
// and no path is resolved twice.
//
// Pure: it imports sealed, facts and plan, and x/sys/unix for its constants.
package mount

import (
	"strings"

	"casemate/internal/plan"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// filesystem makes a new instance: fsopen, fsconfig for each option, create,
// fsmount. The result is a detached mount in slot.
func filesystem(l *plan.List, at, slot, fstype string, attrs uint64, options ...[2]string) {
	l.Save(at, "fs", plan.Fsopen, plan.String(fstype), plan.Flags(unix.FSOPEN_CLOEXEC, &fsopenFlags))
	for _, o := range options {
		l.Add(at, plan.Fsconfig, plan.Slot("fs"), plan.Named(unix.FSCONFIG_SET_STRING, "FSCONFIG_SET_STRING"),
			plan.String(o[0]), plan.String(o[1]), plan.Num(0))
	}
	l.Add(at, plan.Fsconfig, plan.Slot("fs"), plan.Named(unix.FSCONFIG_CMD_CREATE, "FSCONFIG_CMD_CREATE"),
		plan.Null(), plan.Null(), plan.Num(0))
	l.Save(at, slot, plan.Fsmount, plan.Slot("fs"), plan.Flags(unix.FSMOUNT_CLOEXEC, &fsmountFlags), plan.Flags(attrs, &attrFlags))
}

// PrivateProc makes a procfs of our own for writes to attr/ and the like, never
// attached anywhere: a write through the container's /proc could be redirected by
// a mount over it (CVE-2019-16884, CVE-2025-52881).
func PrivateProc(l *plan.List, at, slot string) {
	filesystem(l, at, slot, "proc", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC,
		[2]string{"subset", "pid"})
}

// WholeProc is PrivateProc with sys/ and all else in it.
func WholeProc(l *plan.List, at, slot string) {
	filesystem(l, at, slot, "proc", maskAttrs)
}

// attach puts the detached mount in slot onto the opened mount point.
func attach(l *plan.List, at, slot, point string) {
	l.Add(at, plan.MoveMount, plan.Slot(slot), plan.String(""), plan.Slot(point), plan.String(""),
		plan.Flags(unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH, &moveFlags))
}

// setattr sets attributes of the mount in slot, and of those below it.
func setattr(l *plan.List, at, slot string, set uint64, recursive, private bool) {
	flags := uint64(unix.AT_EMPTY_PATH)
	if recursive {
		flags |= unix.AT_RECURSIVE
	}
	l.Add(at, plan.MountSetattr, plan.Slot(slot), plan.String(""), plan.Flags(flags, &atFlags),
		mountAttr(set, private), plan.Num(mountAttrSize))
}

// open opens a path below the mount in slot as a mount point. Not with O_NOFOLLOW,
// which together with O_PATH would open a symbolic link at the end of the path where
// RESOLVE_NO_SYMLINKS refuses it.
func open(l *plan.List, at, in, path string, t sealed.PathType, save string) {
	flags := uint64(unix.O_PATH | unix.O_CLOEXEC)
	if t == sealed.Directory {
		flags |= unix.O_DIRECTORY
	}
	l.Save(at, save, plan.Openat2, plan.Slot(in), plan.String(path), openHow(flags, Beneath), plan.Num(openHowSize))
}

// attributes of a mount of the policy.
func attributes(m *sealed.Mount) uint64 {
	set := uint64(unix.MOUNT_ATTR_NOSUID)
	if !m.Writable {
		set |= unix.MOUNT_ATTR_RDONLY
	}
	if !m.Exec {
		set |= unix.MOUNT_ATTR_NOEXEC
	}
	if !m.Devices {
		set |= unix.MOUNT_ATTR_NODEV
	}
	if m.NoFollow {
		set |= unix.MOUNT_ATTR_NOSYMFOLLOW
	}
	return set
}

// slotOf names the slot of the mount at a target; for a bind the parent fills it.
func slotOf(target string) string { return "mount:" + target }

// holder finds the mount of the tree that a path lies in: its slot and the rest of
// the path, and whether that mount is fresh, made in this launch and still empty
// but for what the plan put there.
func holder(p *sealed.Policy, path string) (slot, rest string, fresh bool) {
	var in *sealed.Mount
	for i := range p.Mounts {
		// Without text being put together: every mask asks every mount, 30 us of a launch.
		if below, ok := strings.CutPrefix(path, p.Mounts[i].Target); ok && below != "" && below[0] == '/' {
			in, rest = &p.Mounts[i], below[1:]
		}
	}
	if in == nil {
		return plan.Root, path[1:], p.Root.Assembled()
	}
	return slotOf(in.Target), rest, in.Kind == sealed.Tmpfs || in.Kind == sealed.Dev
}

// Top opens "/" once the tree is complete.
func Top(l *plan.List, save string) {
	const flags, resolve = unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, unix.RESOLVE_NO_SYMLINKS
	l.Save("", save, plan.Openat2, cwd, plan.String("/"), openHow(flags, resolve), plan.Num(openHowSize))
}

// OpenBelow opens a path of the complete tree, through all of its mounts and through no link.
func OpenBelow(l *plan.List, at, top, path string, t sealed.PathType, save string) {
	const resolve = Beneath &^ unix.RESOLVE_NO_XDEV
	flags := uint64(unix.O_PATH | unix.O_CLOEXEC)
	if t == sealed.Directory {
		flags |= unix.O_DIRECTORY
	}
	l.Save(at, save, plan.Openat2, plan.Slot(top), plan.String(path), openHow(flags, resolve), plan.Num(openHowSize))
}

// Outside makes an empty tmpfs that no path leads to.
func Outside(l *plan.List, slot string) {
	filesystem(l, "", slot, "tmpfs", maskAttrs, [2]string{"size", "4k"}, [2]string{"nr_inodes", "4"})
}

// OpenProc opens a file of the private procfs for writing. "self" and "thread-self"
// are symbolic links inside procfs and must be followed; magic links may not be.
func OpenProc(l *plan.List, at, in, path, save string) {
	const flags, resolve = unix.O_WRONLY | unix.O_CLOEXEC, unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_XDEV
	l.Save(at, save, plan.Openat2, plan.Slot(in), plan.String(path), openHow(flags, resolve), plan.Num(openHowSize))
}
