package sys

import (
	"syscall"
	"unsafe"
)

// Seal leaves to all threads of the process only what they need after CatchAll and Pin, for
// good, and to the calling one no capability but KILL, which signals to a workload of other
// uids need. Whoever got hold of an init in spite of all could signal, reap, write to what is
// open, and end; not open, execute, map, or make anything.
//
// Anything else kills the thread that calls it, which is the process once it is the only
// one. Not the process at once: a thread of the runtime that is about to make another, in
// the millisecond that it has left, may die of it, and nobody misses it. Not an error
// either: no caller in here would know what to do with one, and the runtime ends the
// process for less.
//
// no_new_privs must be set, or CAP_SYS_ADMIN be held. It is an attribute of each thread
// and not inherited by children that exist already.
func Seal() error {
	p := sealProgram()
	header := sockFprog{length: uint16(len(p)), filter: &p[0]}
	if err := dropCapabilities(); err != nil {
		return err
	}
	// Safety: the kernel copies header and what it points to, which live until the call returns.
	thread, _, errno := syscall.RawSyscall(sysSeccomp, seccompSetModeFilter, seccompFilterFlagTsync, uintptr(unsafe.Pointer(&header)))
	if errno == 0 && thread != 0 {
		return syscall.EBUSY // a thread with a filter that this one has not
	}
	return asError(errno)
}

// sockFprog is the kernel's struct sock_fprog.
type sockFprog struct {
	length uint16
	_      [3]uint16
	filter *sockFilter
}

// capData is struct __user_cap_data_struct, capset(2): two of them hold 64 capabilities.
type capData struct{ effective, permitted, inheritable uint32 }

// dropCapabilities gives up all capabilities but KILL, and that too where it is not held.
// The ambient set goes with the permitted one.
func dropCapabilities() error {
	errno := capset(1 << capKill)
	if errno == syscall.EPERM {
		errno = capset(0)
	}
	return asError(errno)
}

func capset(keep uint32) syscall.Errno {
	header := struct {
		version uint32
		pid     int32
	}{capabilityVersion3, 0}
	data := [2]capData{{effective: keep, permitted: keep}}
	// Safety: the kernel reads eight bytes of header and 24 of data, which live until the call returns.
	_, _, errno := syscall.RawSyscall(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data)), 0)
	return errno
}

// Writable waits until a write of at most PIPE_BUF bytes to a descriptor would not block, or
// there is an error to get, for some nanoseconds at most (poll(2), pipe(7)).
func Writable(fd int, limit int64) bool {
	poll := struct {
		fd             int32
		events, result int16
	}{int32(fd), pollOut, 0}
	timeout := syscall.NsecToTimespec(limit)
	// Safety: the kernel reads and writes eight bytes of poll and sixteen of timeout, which
	// live until the call returns.
	n, _, errno := syscall.RawSyscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&poll)), 1, uintptr(unsafe.Pointer(&timeout)), 0, 0, 0)
	return errno == 0 && n == 1
}

// CloseFrom closes every descriptor from a number up (close_range(2), Linux 5.9).
func CloseFrom(fd int) {
	syscall.RawSyscall(sysCloseRange, uintptr(fd), uintptr(^uint32(0)), 0)
}
