package supervise

import (
	"encoding/binary"
	"errors"

	"casemate/internal/notify"
	"casemate/internal/sys"

	"golang.org/x/sys/unix"
)

// Room for control messages (cmsg(3)): struct ucred, and one descriptor. What does not fit
// the kernel drops and says so (MSG_CTRUNC, unix(7)): a flood of descriptors reaches nobody.
const (
	senderRoom = unix.SizeofCmsghdr + (unix.SizeofUcred+7)&^7
	fdRoom     = unix.SizeofCmsghdr + 4
)

// errRefused is of a datagram that is no notification: too long, not of sd_notify(3), or
// without a sender. errLoaded is of one that came with descriptors which it may not have, and
// is still in the queue. errTrap is of a barrier whose descriptor may hold up whoever closes it.
var (
	errRefused = errors.New("not a notification")
	errLoaded  = errors.New("descriptors that it may not have")
	errTrap    = errors.New("a barrier with something else than a pipe")
)

// receive takes one notification, with the pipe of a barrier or none (-1).
//
// Whoever lets go of a file last may be held up as long as its file system, its device or its
// peer likes: FUSE at every close (flush), a TCP socket with SO_LINGER at the last one, also
// when the kernel drops a descriptor that there was no room for. So nothing is taken
// before it was looked at. What has no descriptors is taken; of a barrier that has one this
// is installed beforehand and must be a pipe, as that of sd_notify_barrier(3) is, so
// that taking it drops nothing that is the last. All else is for shed.
//
// Who can send at all is decided by where the socket lies: a directory of root's of mode
// 0700 on the host, and one mount in the container. The sender's number, which the kernel
// vouches for, is 0 for a process that the shim's PID namespace does not contain.
func receive(fd int, buf []byte, control *[senderRoom + fdRoom]byte) (m notify.Message, pipe int, err error) {
	n, _, got, errno := sys.Recvmsg(fd, buf, control[:senderRoom], take|unix.MSG_PEEK)
	if errno != 0 {
		return m, -1, errno
	}
	m, ok := notify.Parse(buf[:n])
	pipe = -1
	if got&unix.MSG_CTRUNC != 0 {
		if !ok || !m.Barrier {
			return m, -1, errLoaded
		}
		if pipe, err = peekPipe(fd, buf, control); err != nil {
			return m, -1, err
		}
	}
	n, size, got, errno := sys.Recvmsg(fd, buf, control[:senderRoom], take)
	_, sender := read(control[:size])
	if errno == 0 && ok && got&unix.MSG_TRUNC == 0 && sender > 0 && n < len(buf) && m.Barrier == (pipe >= 0) {
		return m, pipe, nil
	}
	if pipe >= 0 {
		unix.Close(pipe)
	}
	if errno != 0 {
		return m, -1, errno
	}
	return m, -1, errRefused
}

// take are the flags by which a datagram is received.
const take = unix.MSG_DONTWAIT | unix.MSG_CMSG_CLOEXEC

// peekPipe gives the one descriptor of the next datagram, which stays in the queue.
func peekPipe(fd int, buf []byte, control *[senderRoom + fdRoom]byte) (int, error) {
	_, size, got, errno := sys.Recvmsg(fd, buf, control[:], take|unix.MSG_PEEK)
	if errno != 0 {
		return -1, errno
	}
	pipe, _ := read(control[:size])
	switch {
	case pipe < 0:
		return -1, errLoaded
	case !isPipe(pipe):
		letGo(pipe)
		return -1, errTrap
	case got&unix.MSG_CTRUNC != 0:
		unix.Close(pipe)
		return -1, errLoaded
	}
	return pipe, nil
}

// shed lets another thread take the next datagram, and with it be held up by what that
// drops. The descriptor that it gives hangs up when that is done.
func shed(fd int) (int, error) {
	fd, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return -1, err
	}
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		unix.Close(fd)
		return -1, err
	}
	// After Kill the last close is that of the socket, with all that is still in the queue.
	if _, err := sys.Aside(sys.CallDrop(fd, take), sys.CallClose(pipe[1]), sys.CallClose(fd)); err != nil {
		for _, fd := range []int{fd, pipe[0], pipe[1]} {
			unix.Close(fd)
		}
		return -1, err
	}
	return pipe[0], nil
}

// letGo closes a file of the workload's, or its socket, and does not wait for it. Where no thread
// is to be had it stays open until the end of the program.
func letGo(fd int) { sys.Aside(sys.CallClose(fd)) }

// isPipe asks what only a pipe or FIFO answers (F_GETPIPE_SZ, fcntl(2)). fstat(2) would ask
// the file system.
func isPipe(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0)
	return err == nil
}

// read takes control messages apart: the descriptor, and the sender's number.
func read(b []byte) (fd, sender int) {
	fd = -1
	for len(b) >= unix.SizeofCmsghdr {
		size := binary.NativeEndian.Uint64(b)
		level, kind := int32(binary.NativeEndian.Uint32(b[8:])), int32(binary.NativeEndian.Uint32(b[12:]))
		if size < unix.SizeofCmsghdr || size > uint64(len(b)) {
			return fd, 0
		}
		data := b[unix.SizeofCmsghdr:size]
		switch {
		case level != unix.SOL_SOCKET:
		case kind == unix.SCM_RIGHTS && len(data) >= 4:
			fd = int(int32(binary.NativeEndian.Uint32(data)))
		case kind == unix.SCM_CREDENTIALS && len(data) >= unix.SizeofUcred:
			sender = int(int32(binary.NativeEndian.Uint32(data)))
		}
		b = b[min(uint64(len(b)), (size+7)&^7):]
	}
	return fd, sender
}
