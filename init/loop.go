package main

import (
	"syscall"

	"casemate/internal/exit"
	"casemate/internal/orders"
	"casemate/internal/sys"
)

// loop does what the machine says, from what has become of the main child to the end, and
// gives the exit code. It reaps before it waits: children that init was executed with may
// have ended before SIGCHLD was caught.
func (j *job) loop(m machine, e event) int {
	w := waiter{set: sys.AllSignals &^ sys.OthersSignal, look: firstLook}
	for {
		var todo action
		m, todo = m.step(e)
		j.report(&m, e, todo)
		if todo.limit != 0 {
			w.deadline = sys.Monotonic() + todo.limit
		}
		switch todo.kind {
		case wait:
			e = w.next()
		case reap:
			e = w.reap(&m, j.tells())
		case send:
			m.post(todo.signal, todo.to)
			if todo.wake {
				m.post(int32(syscall.SIGCONT), todo.to)
			}
			if j.stopsToo(e) {
				sys.Kill(int(m.self), int(syscall.SIGSTOP))
			}
			e = w.next()
		case kill:
			m.post(int32(syscall.SIGKILL), orders.ScopeAll)
			if m.grace != 0 {
				say("the grace is over: killed what was left")
			}
			e = w.next()
		case tell:
			e = j.gate.tell(todo.what, todo.value)
		case leave:
			return todo.code
		case fail:
			say("BUG: the main child vanished")
			return exit.Bug
		}
	}
}

// waiter waits for signals, and meanwhile sees the other threads out.
type waiter struct {
	set      sys.Sigset
	look     int64 // nanoseconds to the next look after the threads; 0 when they are gone
	deadline int64 // on the monotonic clock, which nobody can set; 0 for none
	reaped   int   // since the last wait
	more     bool  // there may be more that have ended
}

// The first look is mostly the last. The pauses between looks double; a thread that the host
// did not let run for the eight seconds that they make together stays, and relays. Half a
// second was too short for a host with a dozen processes to each processor.
const (
	firstLook = 1 << 20
	lastLook  = 1 << 32
)

// next waits for a signal or the deadline. The clock is read before every wait: signals
// without end do not put the deadline off.
func (w *waiter) next() event {
	var info sys.Siginfo
	w.reaped = 0
	for {
		if w.look > lastLook || w.look > 0 && sys.EndOtherThreads() {
			w.set, w.look = sys.AllSignals, 0
		}
		limit, due := w.limit()
		if limit < 0 {
			w.deadline = 0
			return event{kind: expired}
		}
		if w.more {
			limit = sys.NoWait
		}
		switch errno := sys.RtSigtimedwait(w.set, &info, limit); errno {
		case 0:
			return event{kind: caught, signal: info.Signo, code: info.Code, pid: info.PID}
		case syscall.EAGAIN:
			if w.more {
				w.more = false
				return event{kind: caught, signal: int32(syscall.SIGCHLD)}
			}
			if due {
				w.deadline = 0
				return event{kind: expired}
			}
			w.look *= 2
		case syscall.EINTR: // stopped and continued, or traced (signal(7))
		default:
			say("rt_sigtimedwait: ", errno.Error())
			sys.Exit(exit.Step)
		}
	}
}

// limit is how long to wait, 0 for ever, and whether the deadline comes then; below 0 it
// has passed.
func (w *waiter) limit() (limit int64, due bool) {
	if w.deadline == 0 {
		return w.look, false
	}
	left := w.deadline - sys.Monotonic()
	switch {
	case left <= 0:
		return -1, true
	case w.look != 0 && w.look < left:
		return w.look, false
	}
	return left, true
}

// batch is how many orphans are reaped between two looks at the signals and the clock.
// Where processes end as fast as init gets to reap them there would never be another look,
// neither for TERM nor for the end of the grace.
const batch = 256

// reap reaps children that have ended, up to one that the machine or a report has to do
// with, or a batch. For an orphan the machine would only ask for the next: it is not asked,
// which is 4 % of what an orphan costs.
func (w *waiter) reap(m *machine, all bool) event {
	for ; w.reaped < batch; w.reaped++ {
		pid, status, errno := sys.Wait4()
		switch {
		case errno == syscall.ECHILD:
			return event{kind: childless}
		case errno != 0:
			say("wait4: ", errno.Error())
			sys.Exit(exit.Step)
		case pid == 0:
			return event{kind: drained}
		case all || int32(pid) == m.main:
			w.reaped++
			return event{kind: reaped, pid: int32(pid), status: status}
		}
	}
	w.more = true
	return event{kind: drained}
}

// post sends a signal. The main child's number is its own until it is reaped, and only the
// loop reaps. Its group may be empty when it has moved elsewhere; then it alone is meant.
func (m *machine) post(signal int32, to orders.Scope) {
	main, n := int(m.main), int(signal)
	switch {
	case to == orders.ScopeAll && m.self == 1:
		sys.KillEverybody(n)
	case to == orders.ScopeMain:
		sys.Kill(main, n)
	case m.ended && !sys.HasChildInGroup(main): // the number may be another group's by now
	default:
		if sys.Kill(-main, n) == syscall.ESRCH && !m.ended {
			sys.Kill(main, n)
		}
	}
}
