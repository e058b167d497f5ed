package prepare

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path"

	"golang.org/x/sys/unix"
)

// Levels is the file whose bytes stand for the pairs of categories: a shim holds the lock
// of one byte for as long as its container runs. Locks of an open file description
// (fcntl(2), Linux 3.15) go with the last descriptor of it, however the shim ends, so
// that there is nothing to recover; and two shims are told apart by the kernel, whatever
// they are called. A service cannot have the file's name.
const Levels = ".levels"

// Level takes one of n things that no other shim on this machine has, at random: what
// ended a moment ago may still have processes that are about to die. It is given up by
// closing the descriptor.
func Level(root string, n int) (taken, lock int, err error) {
	var random [4]byte
	if _, err := unix.Getrandom(random[:], 0); err != nil {
		return 0, -1, fmt.Errorf("getrandom: %w", err)
	}
	return levelFrom(root, int(binary.NativeEndian.Uint32(random[:])%uint32(n)), n)
}

// levelFrom takes the first that is free, from one on and round.
func levelFrom(root string, start, n int) (taken, lock int, err error) {
	if lock, err = openLevels(root); err != nil {
		return 0, -1, err
	}
	for i := range n {
		taken = (start + i) % n
		err := unix.FcntlFlock(uintptr(lock), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK, Start: int64(taken), Len: 1})
		switch {
		case err == nil:
			return taken, lock, nil
		case !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.EINTR):
			unix.Close(lock)
			return 0, -1, fmt.Errorf("%s: lock: %w", path.Join(root, Levels), err)
		}
	}
	unix.Close(lock)
	return 0, -1, fmt.Errorf("%s: all %d are taken", path.Join(root, Levels), n)
}

func openLevels(root string) (int, error) {
	if err := makeRoot(root); err != nil {
		return -1, err
	}
	fd, err := unix.Open(path.Join(root, Levels), unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return -1, fmt.Errorf("%s: %w", path.Join(root, Levels), err)
	}
	return High(fd)
}
