package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Wait4 reaps one child that has ended, of whatever thread and exit signal
// (WNOHANG|__WALL, wait(2)). It gives pid 0 when no child has ended, and ECHILD when
// there is none.
func Wait4() (pid int, status unix.WaitStatus, errno unix.Errno) {
	var word int32
	// Safety: the kernel writes four bytes of word, which lives until the call returns.
	n, _, errno := unix.RawSyscall6(unix.SYS_WAIT4, ^uintptr(0), uintptr(unsafe.Pointer(&word)), unix.WNOHANG|unix.WALL, 0, 0, 0)
	if errno != 0 {
		return 0, 0, errno
	}
	return int(n), unix.WaitStatus(word), 0
}
