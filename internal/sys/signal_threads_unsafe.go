package sys

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// futex waits until the word is no longer n.
func futex(word *atomic.Uint32, n uint32) {
	// Safety: word is a package variable; the kernel compares it and sleeps.
	unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWait, uintptr(n), 0, 0, 0)
}
