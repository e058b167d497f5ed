package sys

import (
	"syscall"
	"unsafe"
)

// Wait4 reaps one child that has ended, of whatever thread and exit signal
// (WNOHANG|__WALL, wait(2)). It gives pid 0 when no child has ended, and ECHILD when
// there is none.
func Wait4() (pid int, status syscall.WaitStatus, errno syscall.Errno) {
	var word int32
	// Safety: the kernel writes four bytes of word, which lives until the call returns.
	n, _, errno := syscall.RawSyscall6(syscall.SYS_WAIT4, ^uintptr(0), uintptr(unsafe.Pointer(&word)), syscall.WNOHANG|syscall.WALL, 0, 0, 0)
	if errno != 0 {
		return 0, 0, errno
	}
	return int(n), syscall.WaitStatus(word), 0
}

// HasChildInGroup tells whether a child of the caller, alive or not, is in a process group.
// As long as there is one, the group's number is no other's.
func HasChildInGroup(group int) bool {
	_, _, errno := syscall.RawSyscall6(syscall.SYS_WAITID, pPGID, uintptr(group), 0, syscall.WEXITED|syscall.WNOHANG|syscall.WNOWAIT|syscall.WALL, 0, 0)
	return errno == 0
}
