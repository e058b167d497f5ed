package sys

import (
	"runtime"
	"syscall"
	"unsafe"
)

// Everything here goes through RawSyscall: it takes no lock of the Go runtime and
// does not tell the scheduler, which init has ended; see EndOtherThreads.

// RtSigprocmask replaces the calling thread's signal mask.
func RtSigprocmask(set Sigset) error {
	// Safety: the kernel reads eight bytes of set, which lives until the call returns.
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, SIG_SETMASK, uintptr(unsafe.Pointer(&set)), 0, 8, 0, 0)
	return asError(errno)
}

// unheard runs f on a thread that has every signal blocked, and gives the thread its mask
// back. What comes meanwhile waits.
func unheard(f func()) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	all, before := ^Sigset(0), Sigset(0)
	// Safety: the kernel reads eight bytes of all and writes eight of before; both live on.
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, SIG_SETMASK, uintptr(unsafe.Pointer(&all)), uintptr(unsafe.Pointer(&before)), 8, 0, 0)
	if errno != 0 {
		return errno
	}
	f()
	return RtSigprocmask(before)
}

// RtSigtimedwait takes a pending signal of the set, or waits for one, and describes it
// in info. After so many nanoseconds it gives EAGAIN; 0 is no limit, NoWait none at all.
// EINTR is not hidden.
func RtSigtimedwait(set Sigset, info *Siginfo, limit int64) syscall.Errno {
	timeout := syscall.NsecToTimespec(max(limit, 0))
	var pointer uintptr
	if limit != 0 {
		pointer = uintptr(unsafe.Pointer(&timeout))
	}
	// Safety: the kernel reads eight bytes of set and sixteen of timeout, and writes the
	// 128 of info. All live until the call returns (KeepAlive), and no stack moves before:
	// nothing between here and the kernel grows it.
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGTIMEDWAIT, uintptr(unsafe.Pointer(&set)), uintptr(unsafe.Pointer(info)), pointer, 8, 0, 0)
	runtime.KeepAlive(&timeout)
	return errno
}

// NoWait lets RtSigtimedwait take what is pending or nothing.
const NoWait = int64(-1)

const siginfoSize = int(unsafe.Sizeof(Siginfo{})) // the kernel's is 128

// sigaction is the kernel's struct of that name, with its sa_restorer: amd64 and
// arm64 both have the field (include/linux/signal_types.h), arm64 need not fill it.
type sigaction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     Sigset
}

func rtSigaction(signal int, act *sigaction) error {
	// Safety: the kernel reads the struct, which lives until the call returns.
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(signal), uintptr(unsafe.Pointer(act)), 0, 8, 0, 0)
	return asError(errno)
}

// Kill is kill(2) past the scheduler, for one process or one group. The numbers that
// mean many are refused: -1 is every process there is, 0 our own group. They could come
// from a call that failed.
func Kill(pid, signal int) syscall.Errno {
	if pid == 0 || pid == -1 {
		return syscall.EINVAL
	}
	_, _, errno := syscall.RawSyscall(syscall.SYS_KILL, uintptr(pid), uintptr(signal), 0)
	return errno
}

// KillEverybody signals every process of the PID namespace but the caller, which must be
// its PID 1: kill(2) with -1. Anybody else would signal the whole machine.
func KillEverybody(signal int) syscall.Errno {
	if relayPID != 1 {
		return syscall.EPERM
	}
	_, _, errno := syscall.RawSyscall(syscall.SYS_KILL, ^uintptr(0), uintptr(signal), 0)
	return errno
}

// Monotonic is CLOCK_MONOTONIC in nanoseconds. A clock that a filter keeps from being read
// stands still.
func Monotonic() int64 {
	var now syscall.Timespec
	// Safety: the kernel writes the sixteen bytes of now, which lives until the call returns.
	_, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&now)), 0)
	if errno != 0 {
		return 0
	}
	return now.Nano()
}

func asError(errno syscall.Errno) error {
	if errno != 0 {
		return errno
	}
	return nil
}
