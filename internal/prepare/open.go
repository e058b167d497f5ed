// Package prepare does the parent's part of a launch: it opens what the plan names,
// makes the control group, the state directory, the orders and the gate. All of it
// happens before the clone, by descriptor, and all of it can be undone.
//
// What it opens on the host is trusted (SECURITY.md); it is checked all the same,
// because a mistake there would be silent. It imports facts, plan and x/sys/unix.
package prepare

import (
	"errors"
	"fmt"

	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

// firstSlot is the lowest number of a descriptor handed to the child, so that the
// numbers that init and the workload use are free when the plan moves them there.
const firstSlot = 64

// Tree opens a path of the host and copies the mount it lies in.
func Tree(o plan.Open) (int, error) {
	fd, err := noSymlinks(o.Path, unix.O_PATH)
	if err != nil {
		return -1, fmt.Errorf("open %s %s: %w", o.Type, o.Path, err)
	}
	defer unix.Close(fd)
	if err := isType(fd, o.Type); err != nil {
		return -1, fmt.Errorf("open %s: %w; the policy's type says what stands there: dir, file or socket", o.Path, err)
	}
	flags := uint(unix.OPEN_TREE_CLONE | unix.OPEN_TREE_CLOEXEC | unix.AT_EMPTY_PATH)
	if o.Kind == plan.Recursive {
		flags |= unix.AT_RECURSIVE
	}
	tree, err := unix.OpenTree(fd, "", flags)
	if err != nil {
		return -1, fmt.Errorf("open_tree %s: %w", o.Path, err)
	}
	return High(tree)
}

// High moves a descriptor to a number that is no init's.
func High(fd int) (int, error) {
	high, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, firstSlot)
	unix.Close(fd)
	if err != nil {
		return -1, fmt.Errorf("no descriptor from %d up: %w; the limit of open files is too low", firstSlot, err)
	}
	return high, nil
}

// noSymlinks opens an absolute path without following any symbolic link on it.
func noSymlinks(path string, flags uint64) (int, error) {
	// Not O_NOFOLLOW: with O_PATH it would open a link at the end instead of refusing it.
	how := &unix.OpenHow{Flags: flags | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS}
	fd, err := unix.Openat2(unix.AT_FDCWD, path, how)
	if errors.Is(err, unix.ELOOP) {
		return -1, fmt.Errorf("%w; the path leads through a symbolic link, name the real path", err)
	}
	return fd, err
}

var types = map[string]uint32{"dir": unix.S_IFDIR, "file": unix.S_IFREG, "socket": unix.S_IFSOCK}

func isType(fd int, want string) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != types[want] {
		return fmt.Errorf("not a %s (mode %#o)", want, st.Mode)
	}
	return nil
}

// Trusted checks that an opened file is a regular file that root owns and nobody
// else can write.
func Trusted(fd int) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return errors.New("not a regular file")
	}
	return rootsAlone(&st)
}

// rootsAlone refuses what anybody but root can write.
func rootsAlone(st *unix.Stat_t) error {
	switch {
	case st.Uid != 0:
		return fmt.Errorf("owned by uid %d, not by root", st.Uid)
	case st.Mode&0o022 != 0:
		return fmt.Errorf("writable by group or others (mode %04o)", st.Mode&0o7777)
	}
	return nil
}
