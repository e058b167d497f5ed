package main

import (
	"syscall"

	"casemate/internal/exit"
	"casemate/internal/orders"
	"casemate/internal/sys"
)

// machine decides. It is a value: step takes one event and gives the next machine and
// the one action that the loop carries out. It calls nothing and allocates nothing.
type machine struct {
	self    int32                     // init's own pid
	main    int32                     // the main child, until it is reaped
	group   bool                      // signals go to the main child's process group
	forward [sys.LastSignal + 1]uint8 // what a signal becomes; 0 drops it
	ended   bool                      // the main child is reaped; nothing more is sent to it
}

// event is what the kernel tells.
type event struct {
	kind   eventKind
	signal int32 // caught: number, si_code and si_pid
	code   int32
	pid    int32              // caught: the sender; reaped: the child
	status syscall.WaitStatus // reaped
}

type eventKind uint8

const (
	caught    eventKind = iota // a signal was taken
	reaped                     // a child was reaped
	drained                    // no more children have ended
	childless                  // there are no children at all
)

// action is what the loop does next.
type action struct {
	kind   actionKind
	signal int // send: the number
	pid    int // send: the process, or minus the process group
	status syscall.WaitStatus
	code   int // leave: the exit code
}

type actionKind uint8

const (
	wait  actionKind = iota // for the next signal
	reap                    // the next child
	send                    // a signal, then wait
	leave                   // report the status and exit
	fail                    // an invariant is broken: exit
)

// newMachine is the machine of a workload that runs.
func newMachine(self, main int, o *orders.Orders) machine {
	m := machine{self: int32(self), main: int32(main), group: o.Group}
	for n := range m.forward {
		m.forward[n] = uint8(n)
	}
	for _, f := range o.Forward {
		m.forward[f.From] = f.To
	}
	return m
}

// step is the whole of init's judgement.
func (m machine) step(e event) (machine, action) {
	switch e.kind {
	case caught:
		return m, m.caught(e)
	case reaped:
		if m.ended || e.pid != m.main {
			return m, action{kind: reap}
		}
		m.ended = true
		return m, action{kind: leave, status: e.status, code: codeOf(e.status)}
	case childless:
		// The main child cannot vanish: nobody else waits for it, and SIGCHLD is caught.
		return m, action{kind: fail}
	}
	return m, action{kind: wait}
}

// caught is what becomes of a signal. Faults that the kernel raised (si_code above 0)
// are about init and not for the workload; sent by a process they are like any other.
func (m machine) caught(e event) action {
	if e.signal == int32(syscall.SIGCHLD) {
		return action{kind: reap}
	}
	to := m.forward[e.signal]
	if m.ended || to == 0 || m.own(e) || e.code > 0 && sys.Faults>>e.signal&1 != 0 {
		return action{kind: wait}
	}
	pid := int(m.main)
	if m.group {
		pid = -pid
	}
	return action{kind: send, signal: int(to), pid: pid}
}

// own tells signals that init has caused itself: an order to end a thread that came
// too late, a SIGPIPE of the gate, the Go scheduler's preemption. What a thread has
// relayed comes from ourselves too, with SI_TKILL. A SIGURG relayed at start-up cannot
// be told from a preemption and is dropped with it.
func (m machine) own(e event) bool {
	return e.pid == m.self && (e.code == sys.CodeUser || e.code == sys.CodeTkill && e.signal == int32(syscall.SIGURG))
}

// codeOf is the exit code for a wait status: the child's, or 128 and the number of the
// signal that ended it.
func codeOf(s syscall.WaitStatus) int {
	if s.Signaled() {
		return exit.Signalled + int(s.Signal())
	}
	return s.ExitStatus()
}
