package supervise

import (
	"encoding/binary"
	"errors"
	"fmt"

	"casemate/internal/sys"

	"golang.org/x/sys/unix"
)

// Signals are taken one at a time from a signalfd, in the one loop that also hears the
// gate and sees the end: os/signal would hand each of them from thread to thread, and
// cost a launch a millisecond.
type Signals struct{ fd int }

// unread are the signals that stay with the shim: SIGCHLD is about init, whose end the
// pidfd tells, and SIGURG is how the Go scheduler preempts.
const unread = 1<<(unix.SIGCHLD-1) | 1<<(unix.SIGURG-1)

// Catch blocks every signal of the main thread, which must be the caller's, and has
// the others hand theirs over to it (internal/sys). From here on no signal is lost:
// it is for the workload, or ends the launch.
func Catch() (*Signals, error) {
	if err := sys.CatchAll(); err != nil {
		return nil, fmt.Errorf("rt_sigaction: %w", err)
	}
	fd, err := unix.Signalfd(-1, &unix.Sigset_t{Val: [16]uint64{^uint64(unread)}}, unix.SFD_CLOEXEC|unix.SFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("signalfd: %w", err)
	}
	return &Signals{fd}, nil
}

// next takes one signal; 0 when none waits. The number leads struct signalfd_siginfo; its
// third word is the code, its fourth the sender's pid (signalfd(2)). What comes from
// ourselves is not for the workload: a SIGPIPE of our own writes, to a standard error that
// nobody reads, HUP and CONT when we give a terminal up. What another thread has handed over
// is from ourselves too, by tgkill(2), and is somebody else's.
func (s *Signals) next() (unix.Signal, error) {
	var info [128]byte
	n, err := unix.Read(s.fd, info[:])
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
		return 0, nil
	}
	if err != nil || n != len(info) {
		return 0, fmt.Errorf("signalfd: read %d bytes: %w", n, err)
	}
	word := func(n int) uint32 { return binary.NativeEndian.Uint32(info[4*n:]) }
	number, code, sender := unix.Signal(word(0)), int32(word(2)), int(word(3))
	if code == sys.CodeUser && sender == unix.Getpid() {
		return 0, nil
	}
	return number, nil
}
