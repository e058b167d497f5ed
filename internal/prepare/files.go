package prepare

import (
	"errors"
	"slices"
	"strings"

	"casemate/internal/facts"

	"golang.org/x/sys/unix"
)

// writeAll writes b to an open file.
func writeAll(fd int, b []byte) error {
	for len(b) != 0 {
		n, err := unix.Write(fd, b)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// writeAt writes a control file in one write, as the kernel wants it.
func writeAt(dir int, name, text string) error {
	fd, err := unix.Openat2(dir, name, &unix.OpenHow{Flags: unix.O_WRONLY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS})
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte(text))
	return err
}

// readAt reads a control file of words.
func readAt(dir int, name string) ([]string, error) {
	b, err := facts.ReadAt(dir, name, unix.RESOLVE_BENEATH|unix.RESOLVE_NO_SYMLINKS)
	return strings.Fields(string(b)), err
}

// directories lists the directories in dir.
func directories(dir int) ([]string, error) {
	fd, err := unix.Openat(dir, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	var names []string
	for {
		var buf [4096]byte
		n, err := unix.ReadDirent(fd, buf[:])
		if err != nil || n == 0 {
			return slices.DeleteFunc(names, func(name string) bool {
				var st unix.Stat_t
				return unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) == nil && st.Mode&unix.S_IFMT != unix.S_IFDIR
			}), err
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names)
	}
}
