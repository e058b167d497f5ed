// Package image makes a read-only mount of a file system in a file: erofs or squashfs,
// through a loop device, and where the policy holds a root hash through dm-verity.
//
// What it guards: the mount is of the very file whose descriptor it was given, told by the
// number of its device, and every block of it hashes up to the root hash or is not read.
// Nothing stays but for the mount: a loop device clears itself when the last user is gone,
// a verity device is removed with it. It opens no path but device nodes, which are
// compared with the numbers that the kernel gave, and imports internal/sys and
// x/sys/unix.
package image

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// ErrLacking is in the chain of every error that says what the host does not have.
var ErrLacking = errors.New("the host lacks it")

// ErrForbidden is in the chain of every error that says what the host keeps from the shim.
var ErrForbidden = errors.New("the shim has no access")

// Source is what to mount: descriptors of checked files, open for reading.
type Source struct {
	File int
	Tree int      // the hash tree of dm-verity; -1: the image is taken as it is
	Root [32]byte // SHA-256 at the root of the tree
	Name string   // of the verity device, which is the caller's to remove should this process be killed
}

// Mount gives a detached mount of an image, read-only, nosuid and nodev.
func Mount(s Source) (int, error) {
	size, err := sizeOf(s.File)
	if err != nil {
		return -1, err
	}
	kind, err := recognise(s.File, size)
	if err != nil {
		return -1, err
	}
	var tree tree
	if s.Tree >= 0 {
		if tree, err = readTree(s.Tree, size); err != nil {
			return -1, fmt.Errorf("hash tree: %w", err)
		}
	}
	// Asked for first: a host without the file system gets no device made.
	fs, err := unix.Fsopen(kind, unix.FSOPEN_CLOEXEC)
	if errors.Is(err, unix.ENODEV) {
		return -1, fmt.Errorf("fsopen %s: %w: %w", kind, err, ErrLacking)
	}
	if err != nil {
		return -1, fmt.Errorf("fsopen %s: %w", kind, err)
	}
	defer unix.Close(fs)
	data, err := attach(s.File)
	if err != nil {
		return -1, err
	}
	defer data.close()
	if s.Tree < 0 {
		return mount(fs, kind, data)
	}
	hashes, err := attach(s.Tree)
	if err != nil {
		return -1, err
	}
	defer hashes.close()
	verified, err := verify(s.Name, tree.table(data, hashes, s.Root), tree.blocks)
	if err != nil {
		return -1, err
	}
	defer verified.close()
	return mount(fs, kind, verified)
}

// mount configures the file system and compares what came of it: the device that is
// mounted is the one that was set up, whatever stands at the path by now.
func mount(fs int, kind string, d device) (int, error) {
	if err := unix.FsconfigSetString(fs, "source", d.path); err != nil {
		return -1, fmt.Errorf("fsconfig %s: source: %w", kind, err)
	}
	if err := unix.FsconfigSetFlag(fs, "ro"); err != nil {
		return -1, fmt.Errorf("fsconfig %s: ro: %w", kind, err)
	}
	if err := unix.FsconfigCreate(fs); err != nil {
		return -1, fmt.Errorf("mount %s from %s: %w; the image is damaged, or of a kind that this kernel does not read", kind, d.path, err)
	}
	mnt, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV)
	if err != nil {
		return -1, fmt.Errorf("fsmount %s: %w", kind, err)
	}
	var st unix.Stat_t
	if err = unix.Fstat(mnt, &st); err == nil && st.Dev != d.number {
		err = fmt.Errorf("is of device %d:%d, not %d:%d", unix.Major(st.Dev), unix.Minor(st.Dev), unix.Major(d.number), unix.Minor(d.number))
	}
	if err != nil {
		unix.Close(mnt)
		return -1, fmt.Errorf("the mount of %s: %w", d.path, err)
	}
	return mnt, nil
}

func sizeOf(fd int) (uint64, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return 0, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return 0, errors.New("not a regular file")
	}
	return uint64(st.Size), nil
}

// readAt reads len(b) bytes at an offset, or says that there are fewer.
func readAt(fd int, b []byte, offset int64) error {
	for len(b) != 0 {
		n, err := unix.Pread(fd, b, offset)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return errors.New("the file is shorter than a superblock")
		}
		b, offset = b[n:], offset+int64(n)
	}
	return nil
}
