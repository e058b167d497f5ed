package supervise

import (
	"encoding/binary"
	"errors"

	"casemate/internal/notify"
	"casemate/internal/sys"

	"golang.org/x/sys/unix"
)

// Room for control messages (cmsg(3)): struct ucred, and one descriptor. What does not fit
// the kernel gives up by itself and says so (MSG_CTRUNC, unix(7)): a flood of descriptors
// reaches nobody.
const (
	senderRoom = unix.SizeofCmsghdr + (unix.SizeofUcred+7)&^7
	fdRoom     = unix.SizeofCmsghdr + 4
)

// errRefused is of a datagram that is no notification: too long, not of sd_notify(3), with
// descriptors that it may not have, or without a sender. errTrap is of one that came with a
// descriptor which may hold up whoever closes it.
var (
	errRefused = errors.New("not a notification")
	errTrap    = errors.New("a barrier with something else than a pipe")
)

// receive takes one notification, with the pipe of a barrier or none (-1).
//
// It is looked at before it is taken, and only a barrier is given room for its descriptor.
// To close a file can take as long as its file system likes (flush of FUSE): one that the
// kernel has never installed it gives up without asking. What is installed must be a pipe,
// as that of sd_notify_barrier(3) is, which the kernel tells without asking either.
//
// Who can send at all is decided by where the socket lies: a directory of root's of mode
// 0700 on the host, and one mount in the container. The sender's number, which the kernel
// vouches for, is 0 for a process that the shim's PID namespace does not contain.
func receive(fd int, buf []byte, control *[senderRoom + fdRoom]byte) (m notify.Message, pipe int, err error) {
	const flags = unix.MSG_DONTWAIT | unix.MSG_CMSG_CLOEXEC
	n, _, _, errno := sys.Recvmsg(fd, buf, control[:senderRoom], flags|unix.MSG_PEEK)
	if errno != 0 {
		return m, -1, errno
	}
	m, ok := notify.Parse(buf[:n])
	room := senderRoom
	if ok && m.Barrier {
		room += fdRoom
	}
	n, size, got, errno := sys.Recvmsg(fd, buf, control[:room], flags)
	if errno != 0 {
		return m, -1, errno
	}
	pipe, sender := read(control[:size])
	switch {
	case pipe >= 0 && !isPipe(pipe):
		go unix.Close(pipe)
		return m, -1, errTrap
	case ok && got&(unix.MSG_TRUNC|unix.MSG_CTRUNC) == 0 && sender > 0 && n < len(buf) && m.Barrier == (pipe >= 0):
		return m, pipe, nil
	}
	if pipe >= 0 {
		unix.Close(pipe)
	}
	return m, -1, errRefused
}

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
