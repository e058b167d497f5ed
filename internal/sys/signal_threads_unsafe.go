package sys

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

// changed waits until the word is no longer n, or tells that it still was after
// retireTimeout.
func changed(word *atomic.Uint32, n uint32) bool {
	timeout := syscall.Timespec{Sec: retireTimeout}
	for {
		// Safety: word is a package variable, the kernel compares it and sleeps; it reads
		// timeout, which lives until the call returns.
		_, _, errno := syscall.RawSyscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWait, uintptr(n), uintptr(unsafe.Pointer(&timeout)), 0, 0)
		switch errno {
		case 0, syscall.EAGAIN:
			return true
		case syscall.EINTR: // stopped and continued (signal(7))
		default:
			return false
		}
	}
}
