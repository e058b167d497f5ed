package image

import (
	"encoding/binary"
	"errors"
	"fmt"

	"casemate/internal/sys"

	"golang.org/x/sys/unix"
)

const mapper = "/dev/mapper/control"

func openMapper() (int, error) { return openControl(mapper, "CONFIG_BLK_DEV_DM, CONFIG_DM_VERITY") }

// openControl opens a driver's control device. What keeps it from the shim is permanent: the
// devices of its unit's control group, or a security module.
func openControl(path, options string) (int, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return -1, fmt.Errorf("open %s: %w: %w (%s)", path, err, ErrLacking, options)
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return -1, fmt.Errorf("open %s: %w: %w (DeviceAllow= of its unit, as in image.conf; casemate-shim-image.cil under SELinux)", path, err, ErrForbidden)
	case err != nil:
		return -1, fmt.Errorf("open %s: %w", path, err)
	}
	return fd, nil
}

// CanVerify tells whether verity devices can be made, and removed again: who cannot have one
// removed is not to write down that there may be one.
func CanVerify() error {
	control, err := openMapper()
	if err != nil {
		return err
	}
	return unix.Close(control)
}

// A call of device mapper is struct dm_ioctl, a struct dm_target_spec behind it, and the
// text of the table behind that (linux/dm-ioctl.h). These are offsets.
const (
	callSize   = 312
	callCount  = 20
	callFlags  = 28
	callDevice = 40
	callName   = 48
	nameMax    = 128

	targetLength = callSize + 8
	targetKind   = callSize + 24
	targetEnd    = callSize + 40

	callRoom = 4096 // a table of verity has at most some 800 bytes
)

// target is the one target of a table.
type target struct {
	length uint64 // in sectors
	kind   string
	table  string
}

// mapped is what the kernel says of a device.
type mapped struct {
	number   uint64
	readOnly bool
	target   target // of DM_TABLE_STATUS
}

// call makes one call for the device of a name; to may be nil. ENXIO: there is none.
func call(control int, command uintptr, name string, flags uint32, to *target) (mapped, error) {
	b := make([]byte, callRoom)
	if len(name) >= nameMax || to != nil && (len(to.kind) >= 16 || targetEnd+len(to.table) >= callRoom) {
		return mapped{}, errors.New("a name or a table that is too long")
	}
	put := binary.NativeEndian.PutUint32
	put(b, 4) // the interface's major version; any minor one
	put(b[12:], callRoom)
	put(b[16:], callSize)
	put(b[callFlags:], flags)
	copy(b[callName:], name)
	if to != nil {
		put(b[callCount:], 1)
		binary.NativeEndian.PutUint64(b[targetLength:], to.length)
		copy(b[targetKind:], to.kind)
		copy(b[targetEnd:], to.table)
	}
	if err := sys.IoctlStruct(control, command, b); err != nil {
		return mapped{}, err
	}
	m := mapped{
		number:   binary.NativeEndian.Uint64(b[callDevice:]),
		readOnly: binary.NativeEndian.Uint32(b[callFlags:])&unix.DM_READONLY_FLAG != 0,
	}
	if command == unix.DM_TABLE_STATUS && binary.NativeEndian.Uint32(b[callCount:]) == 1 && binary.NativeEndian.Uint32(b[16:]) == callSize {
		m.target = target{binary.NativeEndian.Uint64(b[targetLength:]), unix.ByteSliceToString(b[targetKind:targetEnd]), unix.ByteSliceToString(b[targetEnd:])}
	}
	return m, nil
}
