package sys

import (
	"runtime"
	"syscall"
	"unsafe"
)

// Recvmsg takes one datagram from a socket, with its control messages (recvmsg(2)), and
// allocates nothing, which golang.org/x/sys/unix does for a sender's name that nobody asks
// for. Both buffers have room; flags must hold MSG_DONTWAIT, for the scheduler is not told.
// size is that of the control messages, got are the flags of the message.
func Recvmsg(fd int, b, control []byte, flags int) (n, size, got int, errno syscall.Errno) {
	v := syscall.Iovec{Base: unsafe.SliceData(b), Len: uint64(len(b))}
	m := syscall.Msghdr{Iov: &v, Iovlen: 1, Control: unsafe.SliceData(control), Controllen: uint64(len(control))}
	// Safety: the kernel reads m and v and writes at most what both buffers hold. All live
	// until the call returns (KeepAlive), and no stack moves before: nothing between here
	// and the kernel grows it.
	r, _, errno := syscall.RawSyscall(syscall.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), uintptr(flags))
	runtime.KeepAlive(&v)
	runtime.KeepAlive(b)
	runtime.KeepAlive(control)
	if errno != 0 {
		return 0, 0, 0, errno
	}
	return int(r), int(m.Controllen), int(m.Flags), 0
}
