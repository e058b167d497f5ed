package supervise

import (
	"casemate/internal/gate"

	"golang.org/x/sys/unix"
)

// Ending is what is known of the end of a container that was released.
type Ending struct {
	Signal  unix.Signal // that ended the main process, or init; 0 for none
	Init    bool        // it was init that was ended, and what became of the main process is not known
	NoExec  bool        // the workload could not be executed
	Stuck   bool        // init was killed and does not end
	Stopped bool        // the shim had been told to stop
}

// Ending says it, after Supervise.
func (p *Process) Ending() Ending {
	e := Ending{Stuck: p.stuck, Stopped: p.stopped}
	switch {
	case p.stuck:
	case len(p.said) == 1 && p.said[0] == gate.ExecError:
		e.NoExec = true
	case len(p.said) == 2:
		if p.ended.Signaled() {
			e.Signal = p.ended.Signal()
		}
	case p.status.Signaled():
		e.Signal, e.Init = p.status.Signal(), true
	}
	return e
}

// SignalName is what people call a signal.
func SignalName(n unix.Signal) string { return name(n) }
