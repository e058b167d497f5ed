package sys

import (
	"syscall"
	"unsafe"
)

// What init needs besides signals, past the scheduler like those, and the command
// line without package os.

// Args is the command line. Package os has it from the runtime by the same name.
//
//go:linkname Args os.runtime_args
func Args() []string

// Environ is the environment, unchanged: with its duplicates and with entries that
// hold no equals sign, which syscall.Environ drops.
//
//go:linkname Environ syscall.runtime_envs
func Environ() []string

// Write is write(2).
func Write(fd int, b []byte) (int, syscall.Errno) {
	// Safety: the kernel reads len(b) bytes of b, which lives until the call returns.
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), errno
}

// Read is read(2).
func Read(fd int, b []byte) (int, syscall.Errno) {
	// Safety: the kernel writes at most len(b) bytes of b, which lives until the call returns.
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), errno
}

// Close is close(2). There is nothing to be done about an error of it.
func Close(fd int) { syscall.RawSyscall(syscall.SYS_CLOSE, uintptr(fd), 0, 0) }

// Exit ends the process.
func Exit(code int) {
	for {
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, uintptr(code), 0, 0)
	}
}

// Prctl is prctl(2) with one argument.
func Prctl(option, value uintptr) error {
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, option, value, 0, 0, 0, 0)
	return asError(errno)
}

// SetName gives the calling thread a name, of which the kernel keeps 15 bytes
// (PR_SET_NAME, prctl(2)).
func SetName(name string) error {
	b := append([]byte(name), 0)
	// Safety: b ends in a NUL and lives until the call returns.
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, syscall.PR_SET_NAME, uintptr(unsafe.Pointer(unsafe.SliceData(b))), 0, 0, 0, 0)
	return asError(errno)
}

// PrctlGet is prctl(2) with an option whose answer is its result.
func PrctlGet(option uintptr) (int, error) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, option, 0, 0, 0, 0, 0)
	return int(n), asError(errno)
}

// DeathSignal is the signal at the death of the parent (PR_GET_PDEATHSIG, prctl(2)).
func DeathSignal() (int, error) {
	var signal int32
	// Safety: the kernel writes four bytes of signal, which lives until the call returns.
	_, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_GET_PDEATHSIG, uintptr(unsafe.Pointer(&signal)), 0)
	return int(signal), asError(errno)
}

// Fcntl is fcntl(2) with a number for its argument.
func Fcntl(fd int, command, value uintptr) (int, error) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(fd), command, value)
	return int(n), asError(errno)
}

// Tcgetpgrp is the foreground process group of a terminal (TIOCGPGRP, ioctl_tty(2)).
func Tcgetpgrp(fd int) (int, error) {
	var group int32
	// Safety: the kernel writes four bytes of group, which lives until the call returns.
	_, _, errno := syscall.RawSyscall(syscall.SYS_IOCTL, uintptr(fd), syscall.TIOCGPGRP, uintptr(unsafe.Pointer(&group)))
	return int(group), asError(errno)
}

// Tcgetsid is the session whose controlling terminal a terminal is (TIOCGSID,
// ioctl_tty(2)). It is an error unless that is the caller's own.
func Tcgetsid(fd int) (int, error) {
	var session int32
	// Safety: the kernel writes four bytes of session, which lives until the call returns.
	_, _, errno := syscall.RawSyscall(syscall.SYS_IOCTL, uintptr(fd), tiocgsid, uintptr(unsafe.Pointer(&session)))
	return int(session), asError(errno)
}

// Ioctl is ioctl(2) with a number for its argument.
func Ioctl(fd int, command, value uintptr) error {
	_, _, errno := syscall.RawSyscall(syscall.SYS_IOCTL, uintptr(fd), command, value)
	return asError(errno)
}

// ChdirRoot makes the root directory the current one.
func ChdirRoot() {
	// Safety: root is a package variable that ends in a NUL.
	syscall.RawSyscall(syscall.SYS_CHDIR, uintptr(unsafe.Pointer(&root)), 0, 0)
}

var root = [2]byte{'/', 0}

// Exists tells whether a path leads to something. It opens nothing: O_PATH.
func Exists(path string) bool {
	if len(path) >= len(pathBuffer) {
		return false
	}
	n := copy(pathBuffer[:], path)
	pathBuffer[n] = 0
	dir := atFDCWD
	// Safety: pathBuffer is a package variable that holds a NUL behind the path.
	fd, _, errno := syscall.RawSyscall6(syscall.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(&pathBuffer)), oPath|syscall.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return false
	}
	syscall.RawSyscall(syscall.SYS_CLOSE, fd, 0, 0)
	return true
}

// pathBuffer is for Exists, which may not allocate: PATH_MAX of the kernel.
var pathBuffer [4096]byte
