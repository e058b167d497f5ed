package supervise

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"casemate/internal/exit"
	"casemate/internal/gate"

	"golang.org/x/sys/unix"
)

// AwaitExec waits until the child has run its last step, the exec of init. The error
// is a *child.Failure when a step failed.
func (p *Process) AwaitExec() error {
	timer := time.NewTimer(startTimeout)
	defer timer.Stop()
	for {
		select {
		case err := <-p.execed:
			return err
		case s := <-p.signals:
			if err := p.early(s); err != nil {
				return err
			}
		case <-timer.C:
			return fmt.Errorf("the launch did not get to init in %s", startTimeout)
		}
	}
}

// AwaitReady waits for init's word that it is confined and has its orders.
func (p *Process) AwaitReady() error {
	m, err := p.await()
	if err == nil && m.Kind != gate.Ready {
		err = errors.New("init spoke out of turn")
	}
	return err
}

// await waits for one message of init before the workload runs.
func (p *Process) await() (gate.Message, error) {
	timer := time.NewTimer(startTimeout)
	defer timer.Stop()
	for {
		select {
		case m, ok := <-p.gated:
			if !ok {
				return m, p.lost()
			}
			return m, nil
		case s := <-p.signals:
			if err := p.early(s); err != nil {
				return gate.Message{}, err
			}
		case <-timer.C:
			return gate.Message{}, fmt.Errorf("init did not answer in %s", startTimeout)
		}
	}
}

// lost says how init ended when it has closed the gate before its time.
func (p *Process) lost() error {
	select {
	case e := <-p.ended:
		p.reaped = true
		if e.err != nil {
			return e.err
		}
		if e.status.Exited() && e.status.ExitStatus() == exit.Usage {
			return exit.Wrap(exit.Bug, errors.New("init refused its orders"))
		}
		return fmt.Errorf("init ended before the workload ran: %s", describe(e.status))
	case <-time.After(startTimeout):
		return errors.New("init closed the gate before the workload ran")
	}
}

// describe puts a wait status into words.
func describe(s unix.WaitStatus) string {
	if s.Signaled() {
		return fmt.Sprintf("killed by %s", unix.SignalName(s.Signal()))
	}
	return fmt.Sprintf("exit status %d", s.ExitStatus())
}

// early decides about a signal that comes before the workload runs: what asks for an
// end ends the launch, anything else waits for the workload.
func (p *Process) early(s os.Signal) error {
	n := s.(syscall.Signal)
	switch n {
	case unix.SIGTERM, unix.SIGINT, unix.SIGQUIT, unix.SIGHUP:
		return Aborted(n)
	}
	p.pending = append(p.pending, s)
	return nil
}

// Release lets init start the workload, after verification.
func (p *Process) Release() error {
	b := gate.Message{Kind: gate.Release}.Encode()
	if _, err := p.gate.Write(b[:]); err != nil {
		return fmt.Errorf("release init: %w", err)
	}
	return nil
}
