package main

import (
	"syscall"

	"casemate/internal/exit"
	"casemate/internal/gate"
	"casemate/internal/orders"
	"casemate/internal/sys"
)

// machine decides. It is a value: step takes one event and gives the next machine and
// the one action that the loop carries out. It calls nothing and allocates nothing.
//
//	start ----> running ----> stopping ----> killing ----> stopped
//
// It is stopping from the request to stop, or from the end of the main child if others are
// left then. Any state may be left out.
type machine struct {
	self    int32 // init's own pid
	main    int32 // the main child's
	phase   phase
	scope   orders.Scope
	stop    int32                     // what the request to stop becomes
	grace   int64                     // nanoseconds
	patient bool                      // the request to stop does not start the grace, the main child's end does
	forward [sys.LastSignal + 1]uint8 // what a signal becomes; 0 drops it

	ended bool // the main child is reaped: nothing is sent to its number any more
	armed bool // the grace runs
	told  bool // all who are left have been told to stop
	code  int  // init's exit code as it stands
}

type phase uint8

const (
	start phase = iota
	running
	stopping
	killing
	stopped
)

// event is what the kernel, or the loop, tells.
type event struct {
	kind   eventKind
	signal int32 // caught: number, si_code and si_pid
	code   int32 // unspawned: init's exit code
	pid    int32 // caught: the sender; spawned, reaped: the child
	status syscall.WaitStatus
}

type eventKind uint8

const (
	spawned   eventKind = iota // the main child has executed the workload
	unspawned                  // it has not; status is the errno
	heard                      // what was to be told at the gate is told
	broken                     // it is not: nobody listens there any more
	caught                     // a signal was taken
	reaped                     // a child was reaped
	drained                    // no more children have ended
	childless                  // there are no children at all
	expired                    // the time is over
)

// action is what the loop does next.
type action struct {
	kind   actionKind
	signal int32        // send
	to     orders.Scope // send; ScopeAll of an init that is not PID 1 is the main child's group
	wake   bool         // send: and then CONT, without which the stopped do not hear
	limit  int64        // not 0: so many nanoseconds from now on is when expired comes
	what   gate.Kind    // tell: the message
	value  uint32       // tell: its value
	code   int          // leave: the exit code
}

type actionKind uint8

const (
	wait  actionKind = iota // for the next signal
	reap                    // the next child
	send                    // a signal, then wait
	kill                    // everybody, then wait
	tell                    // the shim
	leave                   // exit
	fail                    // an invariant is broken: exit
)

// killLimit is how long what was killed may take to end. What sleeps in the kernel then
// (state D) will not be reaped; as PID 1 dies the kernel kills what is left once more.
const killLimit = 1e9

// newMachine is the machine of a workload that is about to start.
func newMachine(self int, o *orders.Orders) machine {
	m := machine{self: int32(self), scope: o.Scope, stop: int32(o.Stop), grace: int64(o.Grace) * 1e6, code: exit.Step}
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
	case spawned:
		m.phase, m.main = running, e.pid
		return m, action{kind: tell, what: gate.Started, value: uint32(e.pid)}
	case unspawned:
		m.phase, m.code = stopped, int(e.code)
		return m, action{kind: tell, what: gate.ExecError, value: uint32(e.status)}
	case heard:
		if m.phase == stopped {
			return m, action{kind: leave, code: m.code}
		}
		return m, action{kind: reap}
	case broken: // nobody supervises any more
		return m.leave()
	case caught:
		return m.caught(e)
	case reaped:
		return m.reaped(e)
	case drained:
		return m.drained()
	case childless:
		// The main child cannot vanish: nobody else waits for it, and SIGCHLD is caught.
		if !m.ended {
			m.phase = stopped
			return m, action{kind: fail}
		}
		return m.leave()
	}
	return m.expired()
}

// leave ends it. The kernel kills what is left in the namespace of a PID 1 that ends.
func (m machine) leave() (machine, action) {
	m.phase = stopped
	return m, action{kind: leave, code: m.code}
}

// reaped takes a child's end. The main child's status is reported at once, and once: it
// is not lost if init is killed while it waits for the others.
func (m machine) reaped(e event) (machine, action) {
	if m.ended || e.pid != m.main {
		return m, action{kind: reap}
	}
	m.ended, m.code = true, codeOf(e.status)
	return m, action{kind: tell, what: gate.Exited, value: uint32(e.status)}
}

// drained comes when some children still run. With the main child gone they have no more
// to do: they are told to stop, unless they have been, and have the rest of the grace. TERM
// it is, whatever the main child's signal: a shell's background jobs ignore INT and QUIT.
func (m machine) drained() (machine, action) {
	if !m.ended || m.phase > stopping {
		return m, action{kind: wait}
	}
	if m.grace == 0 {
		return m.kill()
	}
	m.phase = stopping
	a := action{kind: wait, limit: m.arm()}
	if !m.told {
		m.told = true
		a.kind, a.signal, a.to, a.wake = send, int32(syscall.SIGTERM), orders.ScopeAll, true
	}
	m.armed = true
	return m, a
}

// arm is how long the grace is that starts now; 0 when it has started before.
func (m machine) arm() int64 {
	if m.armed {
		return 0
	}
	return m.grace
}

// expired ends the grace, or the time for the killed to end.
func (m machine) expired() (machine, action) {
	switch m.phase {
	case stopping:
		return m.kill()
	case killing:
		return m.leave()
	}
	return m, action{kind: wait}
}

func (m machine) kill() (machine, action) {
	m.phase = killing
	if !m.ended {
		m.code = exit.Signalled + int(syscall.SIGKILL)
	}
	return m, action{kind: kill, limit: killLimit}
}

// caught is what becomes of a signal. Faults that the kernel raised (si_code above 0)
// are about init and not for the workload; sent by a process they are like any other.
func (m machine) caught(e event) (machine, action) {
	if e.signal == int32(syscall.SIGCHLD) {
		return m, action{kind: reap}
	}
	if m.ended || m.phase != running && m.phase != stopping || m.own(e) || e.code > 0 && sys.Faults>>e.signal&1 != 0 {
		return m, action{kind: wait}
	}
	if m.phase == running && e.signal == int32(syscall.SIGTERM) && m.stop != 0 && m.outside(e) {
		return m.request()
	}
	to := m.forward[e.signal]
	if to == 0 {
		return m, action{kind: wait}
	}
	return m, action{kind: send, signal: int32(to), to: m.scope}
}

// request is the request to stop. A grace of 0 is none: then nothing is said before KILL,
// which nobody could act on.
func (m machine) request() (machine, action) {
	if m.grace == 0 && !m.patient {
		return m.kill()
	}
	m.phase, m.told = stopping, m.scope == orders.ScopeAll && m.stop == int32(syscall.SIGTERM)
	a := action{kind: send, signal: m.stop, to: m.scope, wake: true}
	if !m.patient {
		a.limit, m.armed = m.grace, true
	}
	return m, a
}

// outside tells whether a process sent the signal from outside the PID namespace, as the
// shim does: those inside have a number there, and siginfo that is forged has a code below
// 0. With the kernel's queue full, which a workload can bring about, all siginfo is 0: it
// can so ask for its own end. What a thread has relayed as init started may be from anybody. An init that is not
// PID 1 lives in one namespace with its manager.
func (m machine) outside(e event) bool {
	if e.code == sys.CodeTkill && e.pid == m.self {
		return true
	}
	return e.code == sys.CodeUser && (e.pid == 0 || m.self != 1)
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
