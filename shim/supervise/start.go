package supervise

import (
	"errors"
	"fmt"
	"time"

	"casemate/internal/exit"
	"casemate/internal/gate"

	"golang.org/x/sys/unix"
)

// AwaitExec waits until the child has run its last step, the exec of init. The error
// is a *child.Failure when a step failed.
func (p *Process) AwaitExec() error {
	err := p.before(p.child.Report())
	if errors.Is(err, errTimeout) {
		return fmt.Errorf("the launch did not get to init in %s", startTimeout)
	}
	if err != nil {
		return err
	}
	return p.child.Wait()
}

// AwaitReady waits for init's word that it is confined and has its orders, and gives what
// it reports of itself.
func (p *Process) AwaitReady() (gate.Report, error) {
	var none gate.Report
	err := p.before(p.gate)
	if errors.Is(err, errTimeout) {
		return none, fmt.Errorf("init did not answer in %s", startTimeout)
	}
	if err != nil {
		return none, err
	}
	m, open, err := p.hear()
	if err != nil {
		return none, err
	}
	if !open {
		return none, p.lost()
	}
	if m.Kind != gate.Ready {
		return none, errors.New("init spoke out of turn")
	}
	report, ok := gate.ReportOf(m.Value)
	if !ok {
		return none, exit.Wrap(exit.Unlike, fmt.Errorf("init reported %#x, which it never does", m.Value))
	}
	return report, nil
}

// before waits for a descriptor before the workload runs, and for signals meanwhile.
func (p *Process) before(fd int) error {
	deadline := time.Now().Add(startTimeout)
	for {
		ready, err := wait(deadline, p.signals.fd, fd)
		if err != nil {
			return err
		}
		if ready[0] {
			if err := p.early(); err != nil {
				return err
			}
		}
		if ready[1] {
			return nil
		}
	}
}

// early decides about a signal that comes before the workload runs: what asks for an
// end ends the launch, anything else waits for the workload.
func (p *Process) early() error {
	n, err := p.signals.next()
	if err != nil {
		return err
	}
	switch n {
	case 0:
	case unix.SIGTERM, unix.SIGINT, unix.SIGQUIT, unix.SIGHUP:
		return Aborted(n)
	default:
		p.pending = append(p.pending, n)
	}
	return nil
}

// lost says how init ended when it has closed the gate before its time.
func (p *Process) lost() error {
	if _, err := wait(time.Now().Add(startTimeout), p.child.PIDFD); err != nil {
		return errors.New("init closed the gate before the workload ran")
	}
	if err := p.reap(); err != nil {
		return err
	}
	if p.status.Exited() && p.status.ExitStatus() == exit.Usage {
		return exit.Wrap(exit.Bug, errors.New("init refused its orders"))
	}
	return fmt.Errorf("init ended before the workload ran: %s", describe(p.status))
}

// describe puts a wait status into words.
func describe(s unix.WaitStatus) string {
	if s.Signaled() {
		return "killed by " + name(s.Signal())
	}
	return fmt.Sprintf("exit status %d", s.ExitStatus())
}

// Release lets init start the workload, after verification.
func (p *Process) Release() error {
	b := gate.Message{Kind: gate.Release}.Encode()
	// MSG_NOSIGNAL: an init that is gone is an error here, not a SIGPIPE.
	if err := unix.Send(p.gate, b[:], unix.MSG_NOSIGNAL); err != nil {
		return fmt.Errorf("release init: %w", err)
	}
	return nil
}
