package supervise

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"casemate/internal/exit"
	"casemate/internal/gate"

	"golang.org/x/sys/unix"
)

// Supervise follows the released container to its end and gives the exit status
// for the shim: the workload's own, 128+n when signal n ended it.
func (p *Process) Supervise() (int, error) {
	gated := p.gated
	for {
		select {
		case m, ok := <-gated:
			if !ok {
				gated = nil // the end is near; the wait below says how
				continue
			}
			if err := p.heard(m); err != nil {
				return 0, err
			}
		case s := <-p.signals:
			p.forward(s)
		case e := <-p.ended:
			p.reaped = true
			return p.finish(e)
		}
	}
}

// heard takes a message of a released init.
func (p *Process) heard(m gate.Message) error {
	switch m.Kind {
	case gate.Started:
		for _, s := range p.pending {
			p.forward(s)
		}
		p.pending = nil
		return notify("READY=1")
	case gate.ExecError, gate.Exited:
		return nil // init exits next, with the status
	}
	return exit.Wrap(exit.Unlike, fmt.Errorf("init sent message %#x, which it never sends", uint32(m.Kind)))
}

// forward passes a signal on to init. The kernel's own to this process stay here:
// SIGCHLD is about init, SIGURG is how the Go runtime preempts.
func (p *Process) forward(s os.Signal) {
	n := s.(syscall.Signal)
	if n == unix.SIGCHLD || n == unix.SIGURG {
		return
	}
	if err := p.send(n); err != nil && !errors.Is(err, unix.ESRCH) {
		fmt.Fprintf(os.Stderr, "casemate-shim: forward %s: %s\n", unix.SignalName(n), err)
	}
}

// finish turns the end of init into an exit status.
func (p *Process) finish(e ended) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	if e.status.Signaled() {
		fmt.Fprintf(os.Stderr, "casemate-shim: init was %s\n", describe(e.status))
		return exit.Signalled + int(e.status.Signal()), nil
	}
	return e.status.ExitStatus(), nil
}
