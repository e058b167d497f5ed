package prepare

import (
	"errors"
	"fmt"

	"casemate/internal/exit"
	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

// Network opens the file of a network namespace to join: what ip-netns(8) makes below
// /run/netns. It has to be one, and another than the shim's own, which a policy shares by
// name and with a reason. proc is the shim's procfs.
func Network(o plan.Open, proc int) (int, error) {
	// O_NONBLOCK: a FIFO in its place must not hold the launch up.
	fd, err := noSymlinks(o.Path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY)
	if err != nil {
		return -1, fmt.Errorf("open network namespace %s: %w", o.Path, err)
	}
	if err := isForeignNetwork(fd, proc); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("network namespace %s: %w", o.Path, err)
	}
	return High(fd)
}

func isForeignNetwork(fd, proc int) error {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return err
	}
	if fs.Type != unix.NSFS_MAGIC {
		return errors.New("it is no namespace: nothing, or another file system, is mounted there")
	}
	kind, err := unix.IoctlRetInt(fd, unix.NS_GET_NSTYPE)
	if err != nil {
		return fmt.Errorf("ioctl(NS_GET_NSTYPE): %w", err)
	}
	if kind != unix.CLONE_NEWNET {
		return fmt.Errorf("it is a namespace of another kind (%#x)", kind)
	}
	var theirs, ours unix.Stat_t
	if err := errors.Join(unix.Fstat(fd, &theirs), unix.Fstatat(proc, "thread-self/ns/net", &ours, 0)); err != nil {
		return err
	}
	if theirs.Dev == ours.Dev && theirs.Ino == ours.Ino {
		return errors.New(`it is the shim's own; a policy shares the host's by network.mode = "host"`)
	}
	return nil
}

// MapIDs has a detached copy of a mount, and those below it, show the owners that its
// files have on disk as ids of the user namespace (mount_setattr(2), Linux 5.12).
func MapIDs(tree, userns int, o plan.Open) error {
	attr := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_IDMAP, Userns_fd: uint64(userns)}
	err := unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, attr)
	if err == nil {
		return nil
	}
	hint := ""
	switch {
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EOPNOTSUPP):
		hint = "; the file system there, or one below it, cannot have its ids mapped by this kernel"
	case errors.Is(err, unix.EPERM):
		hint = "; the mount there has its ids mapped already, or its file system is not the host's"
	}
	return exit.Wrap(exit.Lacking, fmt.Errorf("mount_setattr(%s, MOUNT_ATTR_IDMAP): %w%s", o.Path, err, hint))
}
