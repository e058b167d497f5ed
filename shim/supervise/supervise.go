package supervise

import (
	"errors"
	"fmt"
	"time"

	"casemate/internal/exit"
	"casemate/internal/gate"

	"golang.org/x/sys/unix"
)

// What the loop waits for.
const (
	onSignal = iota
	onEnd
	onGate
	onManager  // has room for what is under way
	onWorkload // has something to say
)

// Supervise follows the released container to its end and gives the exit status
// for the shim: the workload's own, 128+n when signal n ended it.
func (p *Process) Supervise() (int, error) {
	open := true // the gate
	for {
		ready, err := p.next(open)
		if err != nil {
			return 0, err
		}
		// The gate before the end: what init has said last still counts. And before the
		// workload, who can speak only after init has said that it runs.
		if open && ready[onGate] {
			if open, err = p.heard(); err != nil {
				return 0, err
			}
			continue
		}
		if ready[onSignal] {
			n, err := p.signals.next()
			if err != nil {
				return 0, err
			}
			p.forward(n)
		}
		if err := p.pass(ready[onWorkload]); err != nil {
			return 0, err
		}
		if ready[onEnd] {
			return p.finish()
		}
	}
}

// next waits for whatever comes next. The workload is not listened to while something of
// its is under way to the manager.
func (p *Process) next(open bool) (ready [most]bool, err error) {
	list := [most]unix.PollFd{
		onSignal: {Fd: int32(p.signals.fd), Events: unix.POLLIN}, onEnd: {Fd: int32(p.child.PIDFD), Events: unix.POLLIN},
		onGate: {Fd: -1, Events: unix.POLLIN}, onManager: {Fd: -1, Events: unix.POLLOUT}, onWorkload: {Fd: -1, Events: unix.POLLIN},
	}
	if open {
		list[onGate].Fd = int32(p.gate)
	}
	deadline := forever
	if p.manager.waiting() {
		list[onManager].Fd, deadline = int32(p.manager.fd), p.manager.until
	} else if p.started {
		var may bool
		if may, deadline = p.workload.mayHear(time.Now()); may {
			list[onWorkload].Fd = int32(p.workload.Socket)
		}
	}
	if ready, err = poll(deadline, list[:]); errors.Is(err, errTimeout) {
		err = nil
	}
	return ready, err
}

// pass moves what is under way to the manager, and then takes the next.
func (p *Process) pass(more bool) error {
	if p.manager.waiting() {
		return p.manager.deliver()
	}
	if !more {
		return nil
	}
	_, err := p.hearWorkload()
	return err
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
		p.pending, p.started = nil, true
		return true, p.workloadRuns()
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
	if err := p.lastWords(); err != nil {
		Say("%s", err) // how the workload has ended is more than what it has said
	}
	if p.started && !p.workload.ready {
		Say("the workload has ended before it said that it is ready (READY=1)")
	}
	if p.status.Signaled() {
		Say("init was %s", describe(p.status))
		return exit.Signalled + int(p.status.Signal()), nil
	}
	return p.status.ExitStatus(), nil
}
