// Package supervise keeps one launched container company: it follows init through
// its start, forwards signals, notices the end and says how it ended. It owns the
// only wait for init.
//
// Everything is addressed by pidfd: a number could belong to another process by
// then. It imports child, exit, gate and x/sys/unix.
package supervise

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"casemate/internal/child"
	"casemate/internal/gate"

	"golang.org/x/sys/unix"
)

// startTimeout bounds every wait for init before it is released: a launch that hangs,
// in a mount of a dead network file system or because somebody stopped init, ends.
const startTimeout = 30 * time.Second

// Aborted is the signal that ended a launch before the workload ran.
type Aborted syscall.Signal

func (a Aborted) Error() string {
	return fmt.Sprintf("the launch was ended by %s", syscall.Signal(a))
}

// ended is how init ended: its wait status.
type ended struct {
	status unix.WaitStatus
	err    error
}

// Process is a child on its way to being init.
type Process struct {
	pid     int
	pidfd   *os.File
	gate    *os.File
	signals <-chan os.Signal
	pending []os.Signal // arrived before the workload ran
	execed  chan error
	gated   chan gate.Message // closed when the gate is
	ended   chan ended
	reaped  bool
}

// New takes over a started child and the shim's end of its gate.
func New(c *child.Process, gateFD int, signals <-chan os.Signal) (*Process, error) {
	p := &Process{
		pid: c.PID, signals: signals,
		execed: make(chan error, 1), gated: make(chan gate.Message, 4), ended: make(chan ended, 1),
	}
	// Non-blocking, so that the runtime polls the two instead of parking threads.
	if err := errors.Join(unix.SetNonblock(c.PIDFD, true), unix.SetNonblock(gateFD, true)); err != nil {
		return nil, err
	}
	p.pidfd, p.gate = os.NewFile(uintptr(c.PIDFD), "pidfd"), os.NewFile(uintptr(gateFD), "gate")
	go func() { p.execed <- c.Wait() }()
	go p.watchGate()
	go p.watchEnd()
	return p, nil
}

// PID of init in the shim's namespace. It is init's until Supervise or Kill returns.
func (p *Process) PID() int { return p.pid }

// watchGate passes init's messages on; anything else closes the gate.
func (p *Process) watchGate() {
	defer close(p.gated)
	var buf [gate.Size + 1]byte
	for {
		n, err := p.gate.Read(buf[:])
		m, ok := gate.Decode(buf[:n])
		if err != nil || !ok {
			return
		}
		p.gated <- m
	}
}

// watchEnd waits for init by its pidfd (waitid(2), P_PIDFD, Linux 5.4).
func (p *Process) watchEnd() {
	conn, err := p.pidfd.SyscallConn()
	if err != nil {
		p.ended <- ended{err: err}
		return
	}
	var e ended
	err = conn.Read(func(fd uintptr) bool {
		var done bool
		done, e = tryWait(p.pid, int(fd))
		return done
	})
	if err != nil {
		e.err = err
	}
	p.ended <- e
}

// tryWait reaps init if it has ended. wait4 by number is safe here: an unreaped child
// keeps its number, and this is the only wait.
func tryWait(pid, pidfd int) (bool, ended) {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PIDFD, pidfd, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	if errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN) || (err == nil && info.Signo == 0) {
		return false, ended{}
	}
	if err != nil {
		return true, ended{err: fmt.Errorf("waitid: %w", err)}
	}
	var e ended
	_, e.err = unix.Wait4(pid, &e.status, 0, nil)
	return true, e
}

// send signals init.
func (p *Process) send(s syscall.Signal) error {
	conn, err := p.pidfd.SyscallConn()
	if err != nil {
		return err
	}
	var sent error
	if err := conn.Control(func(fd uintptr) { sent = unix.PidfdSendSignal(int(fd), s, nil, 0) }); err != nil {
		return err
	}
	return sent
}

// Kill ends init, and with it the whole PID namespace, and reaps it. After a normal
// end there is nothing to do.
func (p *Process) Kill() error {
	defer p.close()
	if p.reaped {
		return nil
	}
	if err := p.send(unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("kill init: %w", err)
	}
	e := <-p.ended
	p.reaped = true
	return e.err
}

func (p *Process) close() {
	p.gate.Close()
	p.pidfd.Close()
}
