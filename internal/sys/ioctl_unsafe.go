package sys

import (
	"errors"
	"syscall"
	"unsafe"
)

// IoctlStruct is ioctl(2) with a struct that the kernel reads and writes: b holds it, and
// is as long as the command's number says (_IOC_SIZE), or longer where the struct itself
// says how long.
func IoctlStruct(fd int, command uintptr, b []byte) error {
	if size := command >> 16 & 0x3fff; uintptr(len(b)) < size {
		return errors.New("ioctl: a struct that is too short")
	}
	// Safety: the kernel reads and writes the size in the number, or that in the struct,
	// which the caller has set to len(b) at most; b lives until the call returns.
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), command, uintptr(unsafe.Pointer(unsafe.SliceData(b))))
	return asError(errno)
}
