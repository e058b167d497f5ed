package facts

import (
	"errors"

	"golang.org/x/sys/unix"
)

// ReadAt reads a whole small file of the kernel's, /proc or /sys, below a directory.
// resolve are the RESOLVE_ flags of openat2(2). It goes past package os, which would
// set up a poller for it: 60 us of every launch. It reads into its stack and gives a
// copy of the right size: a fresh page of heap for each file costs a fault of 1.5 us.
func ReadAt(dir int, name string, resolve uint64) ([]byte, error) {
	fd, err := unix.Openat2(dir, name, &unix.OpenHow{Flags: unix.O_RDONLY | unix.O_CLOEXEC, Resolve: resolve})
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	var first [4096]byte
	b := first[:0]
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := unix.Read(fd, b[len(b):cap(b)])
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			return append([]byte(nil), b...), err
		}
		b = b[:len(b)+n]
	}
}
