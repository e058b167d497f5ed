package prepare

import (
	"errors"
	"fmt"
	"path"

	"casemate/internal/facts"

	"golang.org/x/sys/unix"
)

// Listen takes the n-th descriptor that the service manager has passed.
func Listen(n int) (int, error) {
	fd, err := High(facts.FirstListen + n)
	if err != nil {
		return -1, fmt.Errorf("descriptor %d of the service manager's: %w", facts.FirstListen+n, err)
	}
	return fd, nil
}

// maxSecrets bounds all credentials of a service together, as systemd does
// (CREDENTIALS_TOTAL_SIZE_MAX): they stay in memory that is never swapped.
const maxSecrets = 1 << 20

// Secrets copies credentials from the manager's directory into a ramfs of their own, a
// detached mount. A bind of the directory would not do: its files are root's, mode 0400,
// and the workload's user could not read them. Their contents are here for this moment,
// in a process that nobody can trace, and nowhere else. label are options of the mount.
func Secrets(dir string, names []string, uid, gid uint32, label [][2]string) (int, error) {
	if !path.IsAbs(dir) {
		return -1, fmt.Errorf("CREDENTIALS_DIRECTORY is %.80q, no absolute path", dir)
	}
	from, err := noSymlinks(dir, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return -1, fmt.Errorf("credentials directory %s: %w", dir, err)
	}
	defer unix.Close(from)
	to, err := facts.Detached("ramfs", append([][2]string{{"mode", "0500"}}, label...)...) // unlike tmpfs(5) it is never swapped
	if err != nil {
		return -1, fmt.Errorf("credentials: %w", err)
	}
	room := make([]byte, maxSecrets+1) // a page of it is there only when something is read into it
	left := room
	defer func() { clear(room[:len(room)-len(left)]) }()
	for _, name := range names {
		n, err := copySecret(from, to, name, left, uid, gid)
		if left = left[n:]; err == nil && len(left) == 0 {
			err = fmt.Errorf("all credentials together are larger than %d bytes", maxSecrets)
		}
		if err != nil {
			unix.Close(to)
			return -1, fmt.Errorf("credential %q in %s: %w", name, dir, err)
		}
	}
	if err := unix.Fchownat(to, "", int(uid), int(gid), unix.AT_EMPTY_PATH); err != nil {
		unix.Close(to)
		return -1, fmt.Errorf("credentials: chown: %w", err)
	}
	return High(to)
}

// copySecret copies one regular file through room, and says how much of it was used. A
// file that fills room does not fit.
func copySecret(from, to int, name string, room []byte, uid, gid uint32) (int, error) {
	// O_NONBLOCK: a FIFO in its place must not hold the launch up.
	how := &unix.OpenHow{Flags: unix.O_RDONLY | unix.O_NONBLOCK | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_XDEV}
	in, err := unix.Openat2(from, name, how)
	if err != nil {
		return 0, err
	}
	defer unix.Close(in)
	if err := isType(in, "file"); err != nil {
		return 0, err
	}
	n, err := readInto(in, room)
	if err != nil || n == len(room) {
		return n, err
	}
	out, err := unix.Openat(to, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o400)
	if err != nil {
		return n, err
	}
	defer unix.Close(out)
	return n, errors.Join(writeAll(out, room[:n]), unix.Fchmod(out, 0o400), unix.Fchown(out, int(uid), int(gid)))
}

// readInto reads to the end, or until room is full.
func readInto(fd int, room []byte) (int, error) {
	n := 0
	for n < len(room) {
		m, err := unix.Read(fd, room[n:])
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || m == 0 {
			return n, err
		}
		n += m
	}
	return n, nil
}

// Notify makes the socket that the workload finds at its NOTIFY_SOCKET: the shim's end,
// and a detached copy of the mount that the socket's file is. On the host the file lies
// in a directory of mode 0700, so that nobody but root and the container reaches it. In the container
// it is everybody's, as with NotifyAccess=all: who may connect there is nobody's to tell
// apart.
func (s *State) Notify() (ours, tree int, err error) {
	ours, err = unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, -1, fmt.Errorf("socket: %w", err)
	}
	if tree, err = s.bindNotify(ours); err != nil {
		unix.Close(ours)
		return -1, -1, fmt.Errorf("%s/%s: %w", s.path, notifyName, err)
	}
	return ours, tree, nil
}

func (s *State) bindNotify(fd int) (tree int, err error) {
	// Who has sent a datagram is told with it (unix(7)).
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		return -1, err
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path.Join(s.path, notifyName)}); err != nil {
		return -1, fmt.Errorf("bind: %w", err) // EINVAL: the path is longer than a socket's can be
	}
	if err := unix.Fchmodat(s.dir, notifyName, 0o666, 0); err != nil {
		return -1, fmt.Errorf("chmod: %w", err)
	}
	tree, err = unix.OpenTree(s.dir, notifyName, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		return -1, fmt.Errorf("open_tree: %w", err)
	}
	return High(tree)
}
