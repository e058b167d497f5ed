package mount

import (
	"encoding/binary"

	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

// The flags used here, by the names of their man pages. plan.Flags panics on a bit
// that has no name, so nothing can be set that a reviewer does not see.
var (
	atFlags = plan.Names{{Bit: unix.AT_EMPTY_PATH, Name: "AT_EMPTY_PATH"}, {Bit: unix.AT_RECURSIVE, Name: "AT_RECURSIVE"}}

	attrFlags = plan.Names{
		{Bit: unix.MOUNT_ATTR_RDONLY, Name: "RDONLY"}, {Bit: unix.MOUNT_ATTR_NOSUID, Name: "NOSUID"},
		{Bit: unix.MOUNT_ATTR_NODEV, Name: "NODEV"}, {Bit: unix.MOUNT_ATTR_NOEXEC, Name: "NOEXEC"},
		{Bit: unix.MOUNT_ATTR_NOSYMFOLLOW, Name: "NOSYMFOLLOW"},
	}

	openFlags = plan.Names{
		{Bit: unix.O_WRONLY, Name: "O_WRONLY"}, {Bit: unix.O_RDWR, Name: "O_RDWR"},
		{Bit: unix.O_PATH, Name: "O_PATH"}, {Bit: unix.O_DIRECTORY, Name: "O_DIRECTORY"},
		{Bit: unix.O_CLOEXEC, Name: "O_CLOEXEC"},
	}

	treeFlags = plan.Names{
		{Bit: unix.OPEN_TREE_CLONE, Name: "OPEN_TREE_CLONE"}, {Bit: unix.OPEN_TREE_CLOEXEC, Name: "OPEN_TREE_CLOEXEC"},
		{Bit: unix.AT_EMPTY_PATH, Name: "AT_EMPTY_PATH"}, {Bit: unix.AT_RECURSIVE, Name: "AT_RECURSIVE"},
	}

	moveFlags = plan.Names{
		{Bit: unix.MOVE_MOUNT_F_EMPTY_PATH, Name: "F_EMPTY_PATH"}, {Bit: unix.MOVE_MOUNT_T_EMPTY_PATH, Name: "T_EMPTY_PATH"},
	}

	fsopenFlags  = plan.Names{{Bit: unix.FSOPEN_CLOEXEC, Name: "FSOPEN_CLOEXEC"}}
	fsmountFlags = plan.Names{{Bit: unix.FSMOUNT_CLOEXEC, Name: "FSMOUNT_CLOEXEC"}}
)

// Beneath is how every path of the child is resolved: from a held directory, not
// above it, not across a mount, through no symbolic link (openat2(2), Linux 5.6).
// A symbolic link on the way to a mount point is refused rather than followed:
// CVE-2019-19921, CVE-2021-30465, CVE-2026-41579 and their like all followed one.
const Beneath = unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_XDEV

var resolveFlags = plan.Names{
	{Bit: unix.RESOLVE_BENEATH, Name: "BENEATH"}, {Bit: unix.RESOLVE_NO_SYMLINKS, Name: "NO_SYMLINKS"},
	{Bit: unix.RESOLVE_NO_MAGICLINKS, Name: "NO_MAGICLINKS"}, {Bit: unix.RESOLVE_NO_XDEV, Name: "NO_XDEV"},
}

// openHow is struct open_how of openat2(2): flags, mode, resolve.
func openHow(flags, resolve uint64) plan.Arg {
	b := make([]byte, 24)
	binary.NativeEndian.PutUint64(b[0:], flags)
	binary.NativeEndian.PutUint64(b[16:], resolve)
	return plan.Struct(b, plan.Flags(flags, &openFlags), plan.Flags(resolve, &resolveFlags))
}

const openHowSize = 24

// cwd is where a path that begins with a slash is looked up.
var cwd = plan.Named(^uint64(-unix.AT_FDCWD-1), "AT_FDCWD")

// mountAttr is struct mount_attr of mount_setattr(2), Linux 5.12: attributes to
// set, none to clear, and the propagation.
func mountAttr(set uint64, private bool) plan.Arg {
	b := make([]byte, 32)
	binary.NativeEndian.PutUint64(b[0:], set)
	if !private {
		return plan.Struct(b, plan.Flags(set, &attrFlags))
	}
	binary.NativeEndian.PutUint64(b[16:], unix.MS_PRIVATE)
	return plan.Struct(b, plan.Flags(set, &attrFlags), plan.Named(unix.MS_PRIVATE, "MS_PRIVATE"))
}

const mountAttrSize = 32
