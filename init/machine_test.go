package main

import (
	"syscall"
	"testing"

	"casemate/internal/exit"
	"casemate/internal/gate"
	"casemate/internal/orders"
	"casemate/internal/sys"
)

// second is a grace.
const second = 1000

// running7 is a machine whose main child is 7.
func running7(self int, o orders.Orders) machine {
	if o.Stop == 0 {
		o.Stop = 15
	}
	m, _ := newMachine(self, &o).step(event{kind: spawned, pid: 7})
	return m
}

func plain() machine { return running7(1, orders.Orders{Grace: second}) }

func scoped(s orders.Scope) machine { return running7(1, orders.Orders{Grace: second, Scope: s}) }

func mapped() machine {
	return running7(1, orders.Orders{Grace: second, Stop: 3, Forward: []orders.Forward{{From: 2, To: 15}, {From: 3, To: 0}, {From: 15, To: 12}}})
}

func patient() machine {
	m := plain()
	m.patient = true
	return m
}

// after gives a machine some events.
func after(m machine, list ...event) machine {
	for _, e := range list {
		m, _ = m.step(e)
	}
	return m
}

// from is a signal that a process has sent.
func from(pid, signal, code int) event {
	return event{kind: caught, signal: int32(signal), code: int32(code), pid: int32(pid)}
}

// to is a signal that goes on.
func to(s orders.Scope, n int) action { return action{kind: send, signal: int32(n), to: s} }

// stopWith is what a request to stop leads to.
func stopWith(s orders.Scope, n int, limit int64) action {
	return action{kind: send, signal: int32(n), to: s, wake: true, limit: limit}
}

var (
	term   = from(0, 15, sys.CodeUser)
	ending = event{kind: reaped, pid: 7, status: 3 << 8}
	others = event{kind: drained}
	over   = event{kind: expired}
)

const (
	toMain = orders.ScopeMain
	toAll  = orders.ScopeAll
)

func TestMachine(t *testing.T) {
	const urg, pipe, chld, segv, bus = int(syscall.SIGURG), int(syscall.SIGPIPE), int(syscall.SIGCHLD), int(syscall.SIGSEGV), int(syscall.SIGBUS)
	fresh := newMachine(1, &orders.Orders{Stop: 15})
	killed := action{kind: kill, limit: killLimit}
	cases := []struct {
		name string
		m    machine
		e    event
		want action
	}{
		{"the workload runs", fresh, event{kind: spawned, pid: 7}, action{kind: tell, what: gate.Started, value: 7}},
		{"the shim knows", plain(), event{kind: heard}, action{kind: reap}},
		{"the shim is gone", plain(), event{kind: broken}, action{kind: leave, code: exit.Step}},
		{"the workload cannot be executed", fresh, event{kind: unspawned, code: 127, status: 2}, action{kind: tell, what: gate.ExecError, value: 2}},
		{"the shim knows that too", after(fresh, event{kind: unspawned, code: 127, status: 2}), event{kind: heard}, action{kind: leave, code: 127}},
		{"or is gone", after(fresh, event{kind: unspawned, code: 126, status: 2}), event{kind: broken}, action{kind: leave, code: 126}},
		{"a signal from a neighbour", plain(), from(9, 64, -1), to(toMain, 64)},
		{"to the group", scoped(orders.ScopeGroup), from(0, 1, sys.CodeUser), to(orders.ScopeGroup, 1)},
		{"to all", scoped(toAll), from(0, 1, sys.CodeUser), to(toAll, 1)},
		{"rewritten to what is rewritten", mapped(), from(0, 2, 0), to(toMain, 15)},
		{"dropped", mapped(), from(0, 3, 0), action{kind: wait}},
		{"TERM from inside is no request", mapped(), from(9, 15, sys.CodeUser), to(toMain, 12)},
		{"nor is one that was queued", plain(), from(0, 15, -1), to(toMain, 15)},
		{"TERM from outside is", mapped(), term, stopWith(toMain, 3, 1e9)},
		{"to the group too", scoped(orders.ScopeGroup), term, stopWith(orders.ScopeGroup, 15, 1e9)},
		{"to all too", scoped(toAll), term, stopWith(toAll, 15, 1e9)},
		{"one that a thread has relayed", plain(), from(1, 15, sys.CodeTkill), stopWith(toMain, 15, 1e9)},
		{"without a grace it kills", running7(1, orders.Orders{}), term, killed},
		{"whoever asks has a limit of his own", patient(), term, stopWith(toMain, 15, 0)},
		{"a neighbour asks an init that is not PID 1", running7(5, orders.Orders{Grace: second}), from(9, 15, 0), stopWith(toMain, 15, 1e9)},
		{"a second TERM is passed on", after(mapped(), term), term, to(toMain, 12)},
		{"HUP while stopping", after(plain(), term), from(0, 1, 0), to(toMain, 1)},
		{"HUP from the outside is no request", plain(), from(0, 1, 0), to(toMain, 1)},
		{"relayed, without a name", plain(), from(1, 32, sys.CodeTkill), to(toMain, 32)},
		{"preemption", plain(), from(1, urg, sys.CodeTkill), action{kind: wait}},
		{"URG from outside", plain(), from(0, urg, 0), to(toMain, urg)},
		{"URG from a neighbour's thread", plain(), from(9, urg, sys.CodeTkill), to(toMain, urg)},
		{"forged: queued by PID 1", plain(), from(1, urg, -1), to(toMain, urg)},
		{"our own PIPE", plain(), from(1, pipe, sys.CodeUser), action{kind: wait}},
		{"PIPE from outside", plain(), from(0, pipe, sys.CodeUser), to(toMain, pipe)},
		{"a late order to a thread", plain(), from(1, 32, sys.CodeUser), action{kind: wait}},
		{"SEGV from a process", plain(), from(9, segv, sys.CodeUser), to(toMain, segv)},
		{"SEGV from the kernel", plain(), from(0, segv, 1), action{kind: wait}},
		{"BUS from the kernel, of memory that failed elsewhere", plain(), from(0, bus, 5), action{kind: wait}},
		{"INT from the kernel, of the terminal", plain(), from(0, 2, 0x80), to(toMain, 2)},
		{"CHLD", plain(), from(9, chld, 1), action{kind: reap}},
		{"CHLD from a process", plain(), from(9, chld, sys.CodeUser), action{kind: reap}},
		{"an orphan", plain(), event{kind: reaped, pid: 8, status: 1 << 8}, action{kind: reap}},
		{"no more", plain(), others, action{kind: wait}},
		{"no more while stopping", after(plain(), term), others, action{kind: wait}},
		{"the main child exits", plain(), ending, action{kind: tell, what: gate.Exited, value: 3 << 8}},
		{"the main child is killed", plain(), event{kind: reaped, pid: 7, status: 9}, action{kind: tell, what: gate.Exited, value: 9}},
		{"and all is over", after(plain(), event{kind: reaped, pid: 7, status: 0x80 | 11}), event{kind: childless}, action{kind: leave, code: 139}},
		{"and nobody listens", after(plain(), ending), event{kind: broken}, action{kind: leave, code: 3}},
		{"and others are left", after(plain(), ending), others, stopWith(toAll, 15, 1e9)},
		{"and others are left, without a grace", after(running7(1, orders.Orders{}), ending), others, killed},
		{"after a request to it alone", after(plain(), term, ending), others, stopWith(toAll, 15, 0)},
		{"after a request to all", after(scoped(toAll), term, ending), others, action{kind: wait}},
		{"after a request to all, of another signal", after(running7(1, orders.Orders{Grace: second, Scope: toAll, Stop: 3}), term, ending), others, stopWith(toAll, 15, 0)},
		{"after a patient request to it alone", after(patient(), term, ending), others, stopWith(toAll, 15, 1e9)},
		{"they are told once", after(plain(), ending, others), others, action{kind: wait}},
		{"they end", after(plain(), ending, others), event{kind: childless}, action{kind: leave, code: 3}},
		{"a signal for nobody", after(plain(), ending, others), term, action{kind: wait}},
		{"the number again after the end", after(plain(), ending), ending, action{kind: reap}},
		{"the grace is over", after(plain(), term), over, killed},
		{"the grace of the others is over", after(plain(), ending, others), over, killed},
		{"a signal to the killed", after(plain(), term, over), term, action{kind: wait}},
		{"the killed do not all end", after(plain(), term, over), others, action{kind: wait}},
		{"they never do", after(plain(), term, over), over, action{kind: leave, code: 137}},
		{"they do", after(plain(), term, over, event{kind: reaped, pid: 7, status: 9}), event{kind: childless}, action{kind: leave, code: 137}},
		{"the others never do", after(plain(), ending, others, over), over, action{kind: leave, code: 3}},
		{"the main child vanishes", plain(), event{kind: childless}, action{kind: fail}},
		{"it vanishes while stopping", after(plain(), term), event{kind: childless}, action{kind: fail}},
	}
	for _, c := range cases {
		if _, got := c.m.step(c.e); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// The loop's own work costs no memory: init cannot be starved of what it never asks for.
func TestMachineAllocatesNothing(t *testing.T) {
	m, e := plain(), term
	if n := testing.AllocsPerRun(100, func() { m, _ = m.step(e) }); n != 0 {
		t.Errorf("%v allocations per step", n)
	}
}
