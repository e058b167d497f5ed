// Package supervise keeps one launched container company: it follows init through
// its start, forwards signals, notices the end and says how it ended. It owns the
// only wait for init.
//
// There is one loop, around poll(2), and no goroutine. Init is addressed by pidfd: a
// number could belong to another process by then. It imports child, exit, gate, sys
// and x/sys/unix.
package supervise

import (
	"errors"
	"fmt"
	"time"

	"casemate/internal/child"
	"casemate/internal/exit"
	"casemate/internal/gate"

	"golang.org/x/sys/unix"
)

// startTimeout bounds every wait for init before it is released: a launch that hangs,
// in a mount of a dead network file system or because somebody stopped init, ends.
var startTimeout = 30 * time.Second

// Aborted is the signal that ended a launch before the workload ran.
type Aborted unix.Signal

func (a Aborted) Error() string {
	return "the launch was ended by " + name(unix.Signal(a))
}

// Process is a child on its way to being init.
type Process struct {
	child   *child.Process
	gate    int
	signals *Signals
	pending []unix.Signal // arrived before the workload ran
	status  unix.WaitStatus
	reaped  bool

	manager  manager
	workload workload
	started  bool // the workload

	said     []gate.Kind     // what init has said since its release
	ended    unix.WaitStatus // the main child, when init has said Exited
	grace    time.Duration   // of the policy
	deadline time.Time       // when init must have ended
	killed   bool            // it did not
	stuck    bool            // nor of that
	stopped  bool            // SIGTERM has come
	score    int             // descriptor of init's oom_score_adj, or -1
	hurry    hurry
}

// New takes over a started child and the shim's end of its gate.
func New(c *child.Process, gate int, signals *Signals, grace time.Duration) *Process {
	return &Process{child: c, gate: gate, signals: signals, manager: newManager(), workload: noContract(), grace: grace, score: -1}
}

// PID of init in the shim's namespace. It is init's until Supervise or Kill returns.
func (p *Process) PID() int { return p.child.PID }

// forever is no deadline.
var forever time.Time

// sooner is the earlier of two deadlines.
func sooner(a, b time.Time) time.Time {
	if a == forever || b != forever && b.Before(a) {
		return b
	}
	return a
}

// errTimeout says that nothing happened until the deadline.
var errTimeout = errors.New("timed out")

// most is how many descriptors are waited for at once.
const most = 5

// wait waits for one of the descriptors to become readable, or hung up, and tells
// which are; at the deadline it gives errTimeout.
func wait(deadline time.Time, fds ...int) (ready [most]bool, err error) {
	var room [most]unix.PollFd
	for i, fd := range fds {
		room[i] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	}
	return poll(deadline, room[:len(fds)])
}

// poll is wait for any events; a negative descriptor is left out. It allocates nothing:
// the loop around it runs for years.
func poll(deadline time.Time, list []unix.PollFd) (ready [most]bool, err error) {
	for {
		timeout := -1
		if deadline != forever {
			timeout = int(max(0, time.Until(deadline).Milliseconds()+1))
		}
		n, err := unix.Poll(list, timeout)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return ready, fmt.Errorf("poll: %w", err)
		case n == 0:
			return ready, errTimeout
		}
		for i, f := range list {
			ready[i] = f.Revents != 0
		}
		return ready, nil
	}
}

// hear reads one message of init; open is false when there will be no more. Anything
// that is no message ends the launch: who speaks there is not init any more.
func (p *Process) hear() (m gate.Message, open bool, err error) {
	var buf [gate.Size + 1]byte // one more, so that a longer datagram is not cut to fit
	for {
		n, err := unix.Read(p.gate, buf[:])
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil && !errors.Is(err, unix.ECONNRESET) { // that is a close too, with something unread
			return m, false, fmt.Errorf("gate: %w", err)
		}
		if n <= 0 {
			return m, false, nil
		}
		m, ok := gate.Decode(buf[:n])
		if !ok {
			err = exit.Wrap(exit.Unlike, fmt.Errorf("init sent the %d bytes %x, which it never sends", n, buf[:n]))
		}
		return m, true, err
	}
}

// reap takes init's wait status. The pidfd has told that init has ended, or is about
// to; until this call its number stays its own, and this is the only wait.
func (p *Process) reap() error {
	for {
		_, err := unix.Wait4(p.child.PID, &p.status, 0, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		p.reaped = true
		if err != nil {
			return fmt.Errorf("wait4: %w", err)
		}
		return nil
	}
}

// send signals init, which then comes first for a moment.
func (p *Process) send(s unix.Signal) error {
	p.hasten()
	return unix.PidfdSendSignal(p.child.PIDFD, s, nil, 0)
}

// killTimeout bounds the wait for the end of an init that was killed. A PID 1 ends after
// all others of its namespace, and one that sleeps in the kernel, in a file system whose
// server does not answer, cannot be killed.
var killTimeout = 5 * time.Second

// errUnkillable says that init, or one of its processes, cannot be killed.
var errUnkillable = errors.New("init was killed and does not end: a process of the container sleeps in the kernel")

// Kill ends init, and with it the whole PID namespace, and reaps it. After a normal
// end there is nothing to kill.
func (p *Process) Kill() error {
	defer func() {
		if p.workload.Socket >= 0 {
			letGo(p.workload.Socket) // with what is in its queue, which may take long
			p.workload.Socket = -1
		}
		for _, fd := range []int{p.gate, p.child.PIDFD, p.workload.shedding, p.workload.ReadyFD, p.manager.fd, p.score} {
			if fd >= 0 {
				unix.Close(fd)
			}
		}
	}()
	if p.reaped {
		return nil
	}
	if err := p.send(unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("kill init: %w", err)
	}
	timeout := killTimeout
	if p.killed { // it has had that time
		timeout = 0
	}
	if _, err := wait(time.Now().Add(timeout), p.child.PIDFD); errors.Is(err, errTimeout) {
		return errUnkillable
	} else if err != nil {
		return err
	}
	return p.reap()
}
