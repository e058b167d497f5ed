package main

import (
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"casemate/internal/gate"
	"casemate/internal/orders"
	"casemate/tests/lab"
)

// forwardable are the signals that reach the workload.
func forwardable() (list []syscall.Signal) {
	for n := syscall.Signal(1); n <= 64; n++ {
		if n != syscall.SIGKILL && n != syscall.SIGSTOP && n != syscall.SIGCHLD {
			list = append(list, n)
		}
	}
	return list
}

// reporter is orders for a workload that prints the signals it gets.
func reporter() orders.Orders {
	return orders.Orders{Argv: []string{self, "probe", "signals"}, Cwd: "/", Stop: 15, Grace: 80_000}
}

func ready(t *testing.T, o orders.Orders) *instance {
	t.Helper()
	i := ordered(t, o)
	i.expect(t, gate.Started)
	i.until(t, "ready")
	return i
}

// arrives sends a signal to init and wants another at the workload.
func (i *instance) arrives(t *testing.T, sent, wanted syscall.Signal) {
	t.Helper()
	i.signal(t, sent)
	if got := i.line(t); got != strconv.Itoa(int(wanted)) {
		t.Errorf("sent %d, the workload got %s", sent, got)
	}
}

func TestEverySignalIsForwarded(t *testing.T) {
	under := ready(t, reporter())
	group := reporter()
	group.Scope = orders.ScopeGroup
	wide := ready(t, group)
	one := single(t, self, "probe", "signals")
	one.until(t, "ready")
	// The first TERM asks for the end; CONT follows it.
	for _, i := range []*instance{under, wide, one} {
		i.arrives(t, syscall.SIGTERM, syscall.SIGTERM)
		i.until(t, "18")
	}
	for _, n := range lab.Some(t, forwardable()) {
		under.arrives(t, n, n)
		wide.arrives(t, n, n)
		one.arrives(t, n, n)
	}
}

func TestForwardMap(t *testing.T) {
	o := reporter()
	o.Forward = []orders.Forward{
		{From: uint8(syscall.SIGHUP), To: 0},
		{From: uint8(syscall.SIGQUIT), To: 64},
		{From: uint8(syscall.SIGUSR2), To: uint8(syscall.SIGQUIT)},
		{From: 64, To: uint8(syscall.SIGCHLD)},
	}
	i := ready(t, o)
	i.arrives(t, syscall.SIGUSR2, syscall.SIGQUIT) // not mapped a second time
	i.arrives(t, syscall.SIGQUIT, 64)
	i.arrives(t, 64, syscall.SIGCHLD)
	i.signal(t, syscall.SIGHUP) // dropped: what comes next is what was sent next
	i.arrives(t, syscall.SIGUSR1, syscall.SIGUSR1)
}

// members are three puppets: the main child, one of its group, and one that has left it.
const members = `"$0" probe puppet child 15=exit:0 & setsid "$0" probe puppet stranger 15=exit:0 & exec "$0" probe puppet main 15=exit:0`

func TestScope(t *testing.T) {
	for scope, want := range [orders.ScopeLimit]string{"main 10", "child 10, main 10", "child 10, main 10, stranger 10"} {
		o := shell(members)
		o.Argv, o.Scope = append(o.Argv, self), orders.Scope(scope)
		i := ordered(t, o)
		i.expect(t, gate.Started)
		for range 3 {
			i.line(t) // up
		}
		i.signal(t, syscall.SIGUSR1)
		var got []string
		for range strings.Count(want, ",") + 1 {
			got = append(got, i.line(t))
		}
		// The rest shows that nothing else was said: TERM ends them all.
		i.signal(t, syscall.SIGTERM)
		i.ends(t, 0)
		rest := i.rest()
		slices.Sort(got)
		if strings.Join(got, ", ") != want || strings.Contains(rest, " 10") {
			t.Errorf("scope %d: USR1 reached %q and %q", scope, got, rest)
		}
	}
}

// A leader cannot leave its group, but may put the group's signals out of reach by no
// means; a main child that execs keeps both. TERM ends it.
func TestTermEndsTheWorkload(t *testing.T) {
	i := single(t, "/bin/sh", "-c", "echo up; exec sleep 1000")
	i.until(t, "up")
	i.signal(t, syscall.SIGTERM)
	i.ends(t, 128+15)
}

// Every signal that a process of the namespace sends to PID 1, KILL, STOP and faults
// among them, with honest and with forged siginfo, leaves it alive, silent and at work.
func TestSignalsFromInside(t *testing.T) {
	t.Run("forwarded", func(t *testing.T) {
		i := single(t, self, "probe", "signals", self, "probe", "storm", "20")
		i.until(t, "sent")
		i.until(t, "64") // the last to come, of the last round or an earlier one
		i.signal(t, syscall.SIGKILL)
		i.ends(t, -1)
		if s := i.cmd.ProcessState.Sys().(syscall.WaitStatus); s.Signal() != syscall.SIGKILL {
			t.Errorf("init ended with %#x", s)
		}
	})
	t.Run("dropped", func(t *testing.T) {
		o := orders.Orders{Argv: []string{self, "probe", "storm", "20"}, Cwd: "/", Stop: 15, Grace: 80_000}
		for n := uint8(1); n <= 64; n++ {
			o.Forward = append(o.Forward, orders.Forward{From: n})
		}
		i := ordered(t, o)
		i.expect(t, gate.Started)
		i.until(t, "sent")
		i.ends(t, 0)
	})
}

// A hundred thousand signals, which are all forwarded as far as they were not merged
// while pending, and TERM after them is not lost.
func TestSignalFlood(t *testing.T) {
	for _, n := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGSEGV, syscall.SIGCHLD, 40} {
		i := single(t, "/bin/sh", "-c", `trap '' USR1 SEGV 40; "$0" probe flood $2 $1; echo more; "$0" probe flood $2 $1; exec sleep 1000`, self, strconv.Itoa(int(n)), strconv.Itoa(lab.Times(t, 100000)))
		i.until(t, "more")
		before := i.status(t, "RssAnon")
		i.until(t, "sent")
		if after := i.status(t, "RssAnon"); after != before {
			t.Errorf("signal %d: anonymous memory went from %s to %s", n, before, after)
		}
		i.signal(t, syscall.SIGTERM)
		i.ends(t, 128+15)
	}
}
