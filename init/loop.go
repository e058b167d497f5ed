package main

import (
	"syscall"

	"casemate/internal/exit"
	"casemate/internal/gate"
	"casemate/internal/sys"
)

// loop does what the machine says until the main child has ended, and gives the exit
// code. It starts with reaping: children that init was executed with may have ended
// before SIGCHLD was caught.
func (j *job) loop(main int) int {
	m := newMachine(syscall.Getpid(), main, &j.Orders)
	w := waiter{set: sys.AllSignals &^ sys.OthersSignal, limit: firstLook}
	todo := action{kind: reap}
	for {
		var e event
		switch todo.kind {
		case wait:
			e = w.next()
		case reap:
			e = reapOne()
		case send:
			post(todo, main)
			e = w.next()
		case leave:
			j.gate.send(gate.Exited, uint32(todo.status))
			return todo.code
		case fail:
			say("BUG: the main child vanished")
			return exit.Bug
		}
		m, todo = m.step(e)
	}
}

// waiter waits for signals, and meanwhile sees the other threads out.
type waiter struct {
	set   sys.Sigset
	limit int64 // nanoseconds to the next look after the threads; 0 when they are gone
}

// The first look is mostly the last. The pauses between looks double; a thread that the host
// did not let run for the half second that they make together stays, and relays.
const (
	firstLook = 1 << 20
	lastLook  = 1 << 28
)

// next waits for a signal.
func (w *waiter) next() event {
	var info sys.Siginfo
	for {
		if w.limit > lastLook || w.limit > 0 && sys.EndOtherThreads() {
			w.set, w.limit = sys.AllSignals, 0
		}
		switch errno := sys.RtSigtimedwait(w.set, &info, w.limit); errno {
		case 0:
			return event{kind: caught, signal: info.Signo, code: info.Code, pid: info.PID}
		case syscall.EAGAIN:
			w.limit *= 2
		case syscall.EINTR: // stopped and continued, or traced (signal(7))
		default:
			say("rt_sigtimedwait: ", errno.Error())
			sys.Exit(exit.Bug)
		}
	}
}

// reapOne reaps a child, if one has ended.
func reapOne() event {
	pid, status, errno := sys.Wait4()
	switch {
	case errno == syscall.ECHILD:
		return event{kind: childless}
	case errno != 0:
		say("wait4: ", errno.Error())
		sys.Exit(exit.Bug)
	case pid == 0:
		return event{kind: drained}
	}
	return event{kind: reaped, pid: int32(pid), status: status}
}

// post sends a signal. The main child is not reaped, for only the loop reaps, so its
// number is still its own. Its group may be empty when it has moved elsewhere; then
// it alone is meant.
func post(a action, main int) {
	if errno := sys.Kill(a.pid, a.signal); errno == syscall.ESRCH && a.pid < 0 {
		sys.Kill(main, a.signal)
	}
}
