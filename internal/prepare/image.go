package prepare

import (
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strings"

	"casemate/internal/exit"
	"casemate/internal/image"
	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

// verityName is a symbolic link in the state directory whose text is the name of the
// service's verity device. It is there before the device is.
const verityName = "verity"

// Image mounts the file system in a file of the host, detached. Both files are opened once,
// by paths without symbolic links, and have to be root's alone; from there on they are
// descriptors.
func (s *State) Image(o plan.Open) (int, error) {
	file, err := trustedFile("image", o.Path)
	if err != nil {
		return -1, err
	}
	defer unix.Close(file)
	source := image.Source{File: file, Tree: -1, Root: o.Verity.Hash}
	if o.Verity.Tree != "" {
		if source.Tree, err = trustedFile("hash tree", o.Verity.Tree); err != nil {
			return -1, err
		}
		defer unix.Close(source.Tree)
		if err := image.CanVerify(); err != nil {
			return -1, ofImage(err, o)
		}
		if source.Name, err = s.recordVerity(); err != nil {
			return -1, fmt.Errorf("state directory %s: %w", s.path, err)
		}
	}
	mnt, err := image.Mount(source)
	if err != nil {
		return -1, ofImage(err, o)
	}
	return High(mnt)
}

func ofImage(err error, o plan.Open) error {
	if errors.Is(err, image.ErrLacking) || errors.Is(err, image.ErrForbidden) {
		err = exit.Wrap(exit.Lacking, err)
	}
	return fmt.Errorf("image %s: %w", o.Path, err)
}

// trustedFile opens a file that root owns and nobody else can write, for reading.
func trustedFile(what, path string) (int, error) {
	// O_NONBLOCK: a FIFO in its place must not hold the boot up.
	fd, err := noSymlinks(path, unix.O_RDONLY|unix.O_NONBLOCK)
	if err != nil {
		return -1, fmt.Errorf("open %s %s: %w", what, path, err)
	}
	if err := Trusted(fd); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("%s %s: %w", what, path, err)
	}
	return fd, nil
}

func (s *State) verityPrefix() string { return "casemate-" + path.Base(s.path) + "-" }

// recordVerity writes the name of the device that is about to be made down, so that it is
// found if the shim is killed before the kernel has been told to remove it.
func (s *State) recordVerity() (string, error) {
	var random [8]byte
	if _, err := unix.Getrandom(random[:], 0); err != nil {
		return "", fmt.Errorf("getrandom: %w", err)
	}
	name := s.verityPrefix() + hex.EncodeToString(random[:])
	if err := unix.Symlinkat(name, s.dir, verityName); err != nil {
		return "", fmt.Errorf("%s: %w", verityName, err)
	}
	return name, nil
}

// removeVerity removes the device that a killed shim has written down, and the record.
func (s *State) removeVerity() error {
	var buf [unix.PathMax]byte
	n, err := unix.Readlinkat(s.dir, verityName, buf[:])
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", verityName, err)
	}
	name := string(buf[:n])
	rest, ok := strings.CutPrefix(name, s.verityPrefix())
	if _, err := hex.DecodeString(rest); !ok || err != nil || len(rest) != 16 {
		return fmt.Errorf("%s: %.80q is no device of the service's", verityName, name)
	}
	if err := image.Remove(name); err != nil {
		return err
	}
	return unix.Unlinkat(s.dir, verityName, 0)
}
