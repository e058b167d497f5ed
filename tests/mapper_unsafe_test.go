package tests

import (
	"encoding/binary"
	"os"
	"syscall"
	"unsafe"
)

// mapper makes a call of device mapper that takes a name alone. DM_DEV_CREATE: what a shim
// has made that is killed right behind it.
func mapper(command uintptr, name string) error {
	f, err := os.OpenFile("/dev/mapper/control", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	var b [312]byte // struct dm_ioctl
	binary.NativeEndian.PutUint32(b[:], 4)
	binary.NativeEndian.PutUint32(b[12:], 312)
	binary.NativeEndian.PutUint32(b[16:], 312)
	copy(b[48:], name)
	// Safety: the kernel reads and writes the 312 bytes, as the struct says; b lives until
	// the call returns.
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), command, uintptr(unsafe.Pointer(&b))); errno != 0 {
		return errno
	}
	return nil
}
