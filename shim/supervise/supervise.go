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
		p.pace()
		if p.overdue(ready[onEnd]) {
			p.stuck = true
			Say("%s", errUnkillable)
			return exit.Signalled + int(unix.SIGKILL), nil
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
			list[onWorkload].Fd = int32(p.workload.source())
		}
	}
	deadline = sooner(sooner(deadline, p.deadline), sooner(p.hurry.until, p.hurry.again))
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
	if err != nil || !open {
		return false, err // the end is near; the pidfd says how
	}
	if !p.inTurn(m.Kind) {
		return false, exit.Wrap(exit.Unlike, fmt.Errorf("init sent message %#x out of turn", uint32(m.Kind)))
	}
	p.said = append(p.said, m.Kind)
	switch m.Kind {
	case gate.Started:
		p.shield()
		for _, n := range p.pending {
			p.forward(n)
		}
		p.pending, p.started = nil, true
		return true, p.workloadRuns()
	case gate.Exited:
		// What the main child has left behind has the grace; then init exits with the status.
		p.ended = unix.WaitStatus(m.Value)
		p.limit()
	}
	return true, nil
}

// inTurn tells whether init may say this now: Started and then Exited, or ExecError, each
// once.
func (p *Process) inTurn(k gate.Kind) bool {
	switch len(p.said) {
	case 0:
		return k == gate.Started || k == gate.ExecError
	case 1:
		return p.said[0] == gate.Started && k == gate.Exited
	}
	return false
}

// slack is what init may take beyond the grace: it gives what it has killed a second.
var slack = time.Second

// limit sets the time for init's end, once. init keeps the grace itself; this is for one
// that was stopped, or frozen, or killed by halves.
func (p *Process) limit() {
	if p.deadline == forever {
		p.hurry.again = time.Now().Add(p.grace)
		p.deadline = p.hurry.again.Add(slack)
	}
}

// overdue kills an init that has not ended in its time, and tells when it has not ended of
// that either.
func (p *Process) overdue(ended bool) bool {
	if ended || p.deadline == forever || time.Now().Before(p.deadline) {
		return false
	}
	if p.killed {
		return true
	}
	Say("init has not ended %s after the grace: it is killed", slack)
	p.killed, p.deadline = true, time.Now().Add(killTimeout)
	if err := p.send(unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
		Say("kill init: %s", err)
	}
	return false
}

// forward passes a signal on to init.
func (p *Process) forward(n unix.Signal) {
	if n == 0 {
		return
	}
	if n == unix.SIGTERM {
		p.stopped = true
		p.limit()
	}
	if err := p.send(n); err != nil && !errors.Is(err, unix.ESRCH) {
		Say("forward %s: %s", name(n), err)
	}
}

// finish turns the end of init into an exit status. What init has said of the main child
// holds, also if it was killed while others had their time.
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
	if !p.status.Signaled() {
		return p.status.ExitStatus(), nil
	}
	Say("init was %s", describe(p.status))
	if len(p.said) < 2 {
		return codeOf(p.status), nil
	}
	return codeOf(p.ended), nil
}

// codeOf is the exit status for a wait status.
func codeOf(s unix.WaitStatus) int {
	if s.Signaled() {
		return exit.Signalled + int(s.Signal())
	}
	return s.ExitStatus()
}
