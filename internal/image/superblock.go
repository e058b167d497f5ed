package image

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Where the two file systems have what is looked at, all little endian: fs/erofs/erofs_fs.h
// and fs/squashfs/squashfs_fs.h of Linux.
const (
	erofsAt     = 1024
	erofsMagic  = 0xe0f5e1e2
	erofsShift  = erofsAt + 12 // the block size as a power of two
	erofsBlocks = erofsAt + 36 // the blocks of the file system, 32 bits
	headSize    = erofsAt + 128

	squashMagic = 0x73717368
	squashMajor = 28
	squashMinor = 30
	squashUsed  = 40 // bytes of the file system, 64 bits
)

// recognise tells the file system by its magic and refuses a file that is shorter than the
// file system says it is. The kernel's own checks of the rest come with the mount.
func recognise(fd int, size uint64) (string, error) {
	var head [headSize]byte
	if err := readAt(fd, head[:], 0); err != nil {
		return "", err
	}
	return kindOf(head[:], size)
}

func kindOf(head []byte, size uint64) (string, error) {
	erofs := binary.LittleEndian.Uint32(head[erofsAt:]) == erofsMagic
	squash := binary.LittleEndian.Uint32(head) == squashMagic
	switch {
	case erofs && squash: // the kernel would take it for either
		return "", errors.New("it has the magic numbers of erofs and of squashfs")
	case erofs:
		return "erofs", erofsFault(head, size)
	case squash:
		return "squashfs", squashFault(head, size)
	}
	return "", errors.New("neither an erofs nor a squashfs image: no such magic number")
}

func erofsFault(head []byte, size uint64) error {
	shift := head[erofsShift]
	if shift < 9 || shift > 16 {
		return fmt.Errorf("erofs with blocks of 2^%d bytes", shift)
	}
	return tooShort("erofs", uint64(binary.LittleEndian.Uint32(head[erofsBlocks:]))<<shift, size)
}

func squashFault(head []byte, size uint64) error {
	major, minor := binary.LittleEndian.Uint16(head[squashMajor:]), binary.LittleEndian.Uint16(head[squashMinor:])
	if major != 4 || minor != 0 {
		return fmt.Errorf("squashfs of version %d.%d, not 4.0", major, minor)
	}
	return tooShort("squashfs", binary.LittleEndian.Uint64(head[squashUsed:]), size)
}

// tooShort: a file that was cut off must not be mounted, for its files would read as
// errors, or as zeroes, in the middle of the workload.
func tooShort(kind string, want, size uint64) error {
	switch {
	case want == 0:
		return fmt.Errorf("%s that says it is empty", kind)
	case want > size:
		return fmt.Errorf("%s of %d bytes in a file of %d: it is cut off", kind, want, size)
	case size%512 != 0: // a loop device would leave the rest out
		return fmt.Errorf("a file of %d bytes, no multiple of 512", size)
	}
	return nil
}
