package sys

import (
	"syscall"
	"unsafe"
)

const (
	prSchedCore    = 62 // Linux 5.14
	prSchedCoreGet = 0
)

// CoreCookie is the core scheduling cookie of a process, 0 for the caller, as a number that
// differs where cookies do; 0 for none. ENODEV: no core has two threads. EINVAL:
// CONFIG_SCHED_CORE.
func CoreCookie(pid int) (uint64, error) {
	var cookie uint64
	// Safety: the kernel writes eight bytes of cookie, which lives until the call returns.
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prSchedCore, prSchedCoreGet, uintptr(pid), 0, uintptr(unsafe.Pointer(&cookie)), 0)
	return cookie, asError(errno)
}
