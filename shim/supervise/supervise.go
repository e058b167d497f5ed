package supervise

import (
	"errors"
	"fmt"

	"casemate/internal/exit"
	"casemate/internal/gate"

	"golang.org/x/sys/unix"
)

// Supervise follows the released container to its end and gives the exit status
// for the shim: the workload's own, 128+n when signal n ended it.
func (p *Process) Supervise() (int, error) {
	open := true // the gate
	for {
		fds := []int{p.signals.fd, p.child.PIDFD, p.gate}
		if !open {
			fds = fds[:2]
		}
		ready, err := wait(forever, fds...)
		if err != nil {
			return 0, err
		}
		// The gate before the end: what init has said last still counts.
		if open && ready[2] {
			if open, err = p.heard(); err != nil {
				return 0, err
			}
			continue
		}
		if ready[0] {
			n, err := p.signals.next()
			if err != nil {
				return 0, err
			}
			p.forward(n)
		}
		if ready[1] {
			return p.finish()
		}
	}
}

// heard takes a message of a released init; false when there will be no more.
func (p *Process) heard() (bool, error) {
	m, open, err := p.hear()
	switch {
	case err != nil:
		return false, err
	case !open:
		return false, nil // the end is near; the pidfd says how
	case m.Kind == gate.Started:
		for _, n := range p.pending {
			p.forward(n)
		}
		p.pending = nil
		return true, notify("READY=1")
	case m.Kind == gate.ExecError || m.Kind == gate.Exited:
		return true, nil // init exits next, with the status
	}
	return false, exit.Wrap(exit.Unlike, fmt.Errorf("init sent message %#x, which it never sends", uint32(m.Kind)))
}

// forward passes a signal on to init.
func (p *Process) forward(n unix.Signal) {
	if n == 0 {
		return
	}
	if err := p.send(n); err != nil && !errors.Is(err, unix.ESRCH) {
		Say("forward %s: %s", name(n), err)
	}
}

// finish turns the end of init into an exit status.
func (p *Process) finish() (int, error) {
	if err := p.reap(); err != nil {
		return 0, err
	}
	if p.status.Signaled() {
		Say("init was %s", describe(p.status))
		return exit.Signalled + int(p.status.Signal()), nil
	}
	return p.status.ExitStatus(), nil
}
