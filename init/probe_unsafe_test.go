package main

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sigqueue is rt_sigqueueinfo(2).
func sigqueue(pid int, n syscall.Signal, info *[128]byte) {
	// Safety: the kernel reads the 128 bytes of info, which lives until the call returns.
	syscall.RawSyscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(pid), uintptr(n), uintptr(unsafe.Pointer(info)))
}

// dispose sets SIG_DFL (0) or SIG_IGN (1), also for signals that the Go runtime keeps to
// itself.
func dispose(n syscall.Signal, handler uint64) {
	action := [4]uint64{handler} // struct sigaction
	// Safety: the kernel reads the 32 bytes of action, which lives until the call returns.
	syscall.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(n), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
}
