package main

import (
	"syscall"
	"testing"

	"casemate/internal/orders"
	"casemate/internal/sys"
)

func plain() machine { return newMachine(1, 7, &orders.Orders{}) }

func grouped() machine { return newMachine(1, 7, &orders.Orders{Group: true}) }

func ended() machine {
	m, _ := plain().step(event{kind: reaped, pid: 7})
	return m
}

func mapped() machine {
	return newMachine(1, 7, &orders.Orders{Forward: []orders.Forward{{From: 15, To: 3}, {From: 3, To: 0}, {From: 2, To: 15}}})
}

// from is a signal that a process of the namespace has sent.
func from(pid, signal, code int) event {
	return event{kind: caught, signal: int32(signal), code: int32(code), pid: int32(pid)}
}

func TestMachine(t *testing.T) {
	const urg, pipe, chld, segv, bus = int(syscall.SIGURG), int(syscall.SIGPIPE), int(syscall.SIGCHLD), int(syscall.SIGSEGV), int(syscall.SIGBUS)
	cases := []struct {
		name string
		m    machine
		e    event
		want action
	}{
		{"a signal from outside", plain(), from(0, 15, sys.CodeUser), action{kind: send, signal: 15, pid: 7}},
		{"from a neighbour", plain(), from(9, 64, -1), action{kind: send, signal: 64, pid: 7}},
		{"to the group", grouped(), from(0, 15, sys.CodeUser), action{kind: send, signal: 15, pid: -7}},
		{"rewritten once", mapped(), from(0, 15, 0), action{kind: send, signal: 3, pid: 7}},
		{"rewritten to what is rewritten", mapped(), from(0, 2, 0), action{kind: send, signal: 15, pid: 7}},
		{"dropped", mapped(), from(0, 3, 0), action{kind: wait}},
		{"relayed by a thread", plain(), from(1, 15, sys.CodeTkill), action{kind: send, signal: 15, pid: 7}},
		{"relayed, without a name", plain(), from(1, 32, sys.CodeTkill), action{kind: send, signal: 32, pid: 7}},
		{"preemption", plain(), from(1, urg, sys.CodeTkill), action{kind: wait}},
		{"URG from outside", plain(), from(0, urg, 0), action{kind: send, signal: urg, pid: 7}},
		{"URG from a neighbour's thread", plain(), from(9, urg, sys.CodeTkill), action{kind: send, signal: urg, pid: 7}},
		{"forged: queued by PID 1", plain(), from(1, urg, -1), action{kind: send, signal: urg, pid: 7}},
		{"our own PIPE", plain(), from(1, pipe, sys.CodeUser), action{kind: wait}},
		{"PIPE from outside", plain(), from(0, pipe, sys.CodeUser), action{kind: send, signal: pipe, pid: 7}},
		{"a late order to a thread", plain(), from(1, 32, sys.CodeUser), action{kind: wait}},
		{"SEGV from a process", plain(), from(9, segv, sys.CodeUser), action{kind: send, signal: segv, pid: 7}},
		{"SEGV from the kernel", plain(), from(0, segv, 1), action{kind: wait}},
		{"BUS from the kernel, of memory that failed elsewhere", plain(), from(0, bus, 5), action{kind: wait}},
		{"INT from the kernel, of the terminal", plain(), from(0, 2, 0x80), action{kind: send, signal: 2, pid: 7}},
		{"CHLD", plain(), from(9, chld, 1), action{kind: reap}},
		{"CHLD from a process", plain(), from(9, chld, sys.CodeUser), action{kind: reap}},
		{"an orphan", plain(), event{kind: reaped, pid: 8, status: 1 << 8}, action{kind: reap}},
		{"no more", plain(), event{kind: drained}, action{kind: wait}},
		{"the main child exits", plain(), event{kind: reaped, pid: 7, status: 3 << 8}, action{kind: leave, status: 3 << 8, code: 3}},
		{"the main child is killed", plain(), event{kind: reaped, pid: 7, status: 9}, action{kind: leave, status: 9, code: 137}},
		{"the main child dumps core", plain(), event{kind: reaped, pid: 7, status: 0x80 | 11}, action{kind: leave, status: 0x80 | 11, code: 139}},
		{"the main child vanishes", plain(), event{kind: childless}, action{kind: fail}},
		{"a signal after the end", ended(), from(0, 15, 0), action{kind: wait}},
		{"an orphan after the end", ended(), event{kind: reaped, pid: 8}, action{kind: reap}},
		{"the number again after the end", ended(), event{kind: reaped, pid: 7}, action{kind: reap}},
	}
	for _, c := range cases {
		if _, got := c.m.step(c.e); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// Every sequence of four events: the end is reported at most once, as soon as the main
// child is reaped; nothing is sent afterwards, and never anything but to the main child.
func TestMachineExhaustively(t *testing.T) {
	var events []event
	for n := 1; n <= sys.LastSignal; n++ {
		events = append(events, from(0, n, 0), from(1, n, sys.CodeTkill), from(1, n, 0), from(9, n, 0x80))
	}
	few := []event{from(0, 15, 0), from(0, 17, 0), {kind: drained}, {kind: childless}, {kind: reaped, pid: 8, status: 9}, {kind: reaped, pid: 7, status: 2 << 8}}
	for _, start := range []machine{plain(), grouped(), mapped()} {
		var walk func(m machine, left, deep int)
		walk = func(m machine, left, deep int) {
			list := few
			if deep == 0 {
				list = append(events, few...)
			}
			for _, e := range list {
				next, a := m.step(e)
				ends := e.kind == reaped && e.pid == 7 && !m.ended
				if (a.kind == leave) != ends || next.ended != (m.ended || ends) {
					t.Fatalf("%+v in %+v: %+v", e, m, a)
				}
				if a.kind == send && (m.ended || a.pid != 7 && a.pid != -7 || a.signal == 0) {
					t.Fatalf("%+v in %+v: %+v", e, m, a)
				}
				if left > 1 {
					walk(next, left-1, deep+1)
				}
			}
		}
		walk(start, 4, 0)
	}
}

// The loop's own work costs no memory: init cannot be starved of what it never asks for.
func TestMachineAllocatesNothing(t *testing.T) {
	m, e := plain(), from(0, 15, 0)
	if n := testing.AllocsPerRun(100, func() { m, _ = m.step(e) }); n != 0 {
		t.Errorf("%v allocations per step", n)
	}
}
