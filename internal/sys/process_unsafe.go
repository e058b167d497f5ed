package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// What init needs besides signals, past the scheduler like those, and the command
// line without package os, which would start a poller's worth of initialisation.

// Args is the command line, as the kernel gave it. Package os takes it from the runtime by the
// same name.
//
//go:linkname Args os.runtime_args
func Args() []string

// Environ is the environment, unchanged: with its duplicates and with entries that
// hold no equals sign, which syscall.Environ drops.
//
//go:linkname Environ syscall.runtime_envs
func Environ() []string

// Write is write(2).
func Write(fd int, b []byte) (int, unix.Errno) {
	// Safety: the kernel reads len(b) bytes of b, which lives until the call returns.
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), errno
}

// Read is read(2).
func Read(fd int, b []byte) (int, unix.Errno) {
	// Safety: the kernel writes at most len(b) bytes of b, which lives until the call returns.
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), errno
}

// Exit ends the process.
func Exit(code int) {
	for {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, uintptr(code), 0, 0)
	}
}
