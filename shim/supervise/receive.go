package supervise

import (
	"encoding/binary"
	"errors"

	"casemate/internal/sys"

	"golang.org/x/sys/unix"
)

// Room for struct ucred and for descriptors: the kernel puts two where there is room for
// one, closes all that do not fit, and says so (MSG_CTRUNC, unix(7)). A flood of them
// reaches nobody.
const controlRoom = 32 + 24

// errRefused is of a datagram that is too long, has more with it than it may, or says
// not who sent it.
var errRefused = errors.New("not a notification")

// receive takes one datagram, with one descriptor or none (-1). All descriptors that are
// not handed out are closed.
//
// Who can send at all is decided by where the socket lies: a directory of root's of mode
// 0700 on the host, and one mount in the container. The sender's number, which the kernel
// vouches for, is 0 for a process that the shim's PID namespace does not contain.
func receive(fd int, buf []byte, control *[controlRoom]byte) (n, pass int, err error) {
	n, size, flags, errno := sys.Recvmsg(fd, buf, control[:], unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
	if errno != 0 {
		return 0, -1, errno
	}
	fds, count, sender := read(control[:size])
	if flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) == 0 && count <= 1 && sender > 0 && n < len(buf) {
		if count == 1 {
			return n, fds[0], nil
		}
		return n, -1, nil
	}
	for _, fd := range fds[:count] {
		unix.Close(fd)
	}
	return 0, -1, errRefused
}

// read takes control messages apart (cmsg(3)): descriptors, and the sender's number.
func read(b []byte) (fds [controlRoom / 4]int, count, sender int) {
	for len(b) >= unix.SizeofCmsghdr {
		size := binary.NativeEndian.Uint64(b)
		level, kind := int32(binary.NativeEndian.Uint32(b[8:])), int32(binary.NativeEndian.Uint32(b[12:]))
		if size < unix.SizeofCmsghdr || size > uint64(len(b)) {
			return fds, count, 0
		}
		data := b[unix.SizeofCmsghdr:size]
		switch {
		case level == unix.SOL_SOCKET && kind == unix.SCM_RIGHTS:
			for ; len(data) >= 4 && count < len(fds); data = data[4:] {
				fds[count] = int(int32(binary.NativeEndian.Uint32(data)))
				count++
			}
		case level == unix.SOL_SOCKET && kind == unix.SCM_CREDENTIALS && len(data) >= unix.SizeofUcred:
			sender = int(int32(binary.NativeEndian.Uint32(data)))
		}
		b = b[min(uint64(len(b)), (size+7)&^7):]
	}
	return fds, count, sender
}
