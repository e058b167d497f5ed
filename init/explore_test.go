package main

import (
	"fmt"
	"syscall"
	"testing"

	"casemate/internal/exit"
	"casemate/internal/gate"
	"casemate/internal/orders"
	"casemate/internal/sys"
)

// world is init's machine with what it sees and does not decide: its children, the clock,
// the shim. Numbers and time are abstract: there is a main child, up to two others that
// are alike, and a clock that is set, or not, or has run out.
type world struct {
	m    machine
	todo action // what the machine has said last

	main      life
	alive     int8 // others
	dead      int8 // others that are not reaped
	chld      bool // SIGCHLD is pending
	timer     bool // set
	graceOver bool // it has run out while stopping
	killed    bool // KILL was sent
	reports   int8 // messages that the main child has ended
}

type life int8

const (
	unborn life = iota
	alive
	dead
	buried
)

const mainStatus = syscall.WaitStatus(3 << 8)

// move is one thing that can happen to a world; it gives the next one. Where it is an
// event for the machine, the machine has answered.
type move struct {
	name     string
	next     world
	answered bool
}

// signals that may come while init waits.
var storm = map[string]event{
	"TERM from outside": from(0, 15, sys.CodeUser),
	"TERM from inside":  from(9, 15, sys.CodeUser),
	"TERM, forged":      from(0, 15, -1),
	"HUP":               from(0, 1, sys.CodeUser),
	"a fault":           from(0, 11, 1),
	"CHLD, for nothing": from(9, 17, sys.CodeUser),
	"our own PIPE":      from(1, 13, sys.CodeUser),
}

// moves are all things that can happen next.
func (w world) moves() (list []move) {
	feed := func(name string, next world, e event) {
		next.m, next.todo = w.m.step(e)
		list = append(list, move{name, next, true})
	}
	next := w
	switch w.todo.kind {
	case tell:
		feed("told", w, event{kind: heard})
		feed("the gate is broken", w, event{kind: broken})
	case reap:
		switch {
		case w.main == dead:
			next.main = buried
			feed("the main child is reaped", next, event{kind: reaped, pid: 7, status: mainStatus})
		case w.dead > 0:
			next.dead--
			feed("another is reaped", next, event{kind: reaped, pid: 8, status: 9})
		case w.main == alive || w.alive > 0:
			feed("drained", w, event{kind: drained})
		default:
			feed("childless", w, event{kind: childless})
		}
	case wait:
		for name, e := range storm {
			feed(name, w, e)
		}
		if w.timer {
			next.timer, next.graceOver = false, w.graceOver || w.m.phase == stopping
			feed("the time is over", next, event{kind: expired})
		}
		if w.chld {
			next = w
			next.chld = false
			feed("CHLD", next, from(8, 17, 1))
		}
		list = append(list, w.lives()...)
	}
	return list
}

// lives are the things that processes do while init waits. What was killed forks no more,
// but need not end: it may sleep in the kernel.
func (w world) lives() (list []move) {
	do := func(name string, change func(*world)) {
		next := w
		change(&next)
		list = append(list, move{name, next, false})
	}
	if w.main == alive {
		do("the main child ends", func(n *world) { n.main, n.chld = dead, true })
	}
	if w.alive > 0 {
		do("another ends", func(n *world) { n.alive, n.dead, n.chld = w.alive-1, w.dead+1, true })
	}
	if (w.main == alive || w.alive > 0) && !w.killed && w.alive+w.dead < 2 {
		do("an orphan comes", func(n *world) { n.alive++ })
	}
	return list
}

// arrive carries out what the machine has said, and tells what is wrong with it.
func (w *world) arrive() error {
	a, m := w.todo, w.m
	if a.limit != 0 {
		if w.timer && m.phase == stopping {
			return fmt.Errorf("the grace is prolonged")
		}
		w.timer = true
	}
	switch a.kind {
	case send:
		if a.signal == 0 || a.to != orders.ScopeAll && w.main != alive && w.main != dead {
			return fmt.Errorf("a signal to a number that is nobody's")
		}
	case kill:
		if m.grace != 0 && !w.graceOver {
			return fmt.Errorf("KILL before its time")
		}
		if w.killed {
			return fmt.Errorf("KILL twice")
		}
		w.killed = true
	case tell:
		switch {
		case a.what == gate.Exited && (w.main != buried || a.value != uint32(mainStatus)):
			return fmt.Errorf("reports the end of a child that lives, or not as it was")
		case a.what == gate.Exited:
			w.reports++
		}
	case leave:
		if want := w.code(); a.code != want {
			return fmt.Errorf("leaves with %d, not %d", a.code, want)
		}
	case fail:
		return fmt.Errorf("thinks that the main child has vanished")
	}
	if w.reports > 1 || w.main == buried && w.reports == 0 {
		return fmt.Errorf("%d reports", w.reports)
	}
	if a.kind == send || a.kind == kill {
		w.todo = action{kind: wait}
	}
	w.todo.limit = 0
	return w.ends()
}

// ends tells what would keep the world from its end: whoever waits while stopping waits for
// a clock that runs, unless the one who asked keeps the time.
func (w *world) ends() error {
	waits := w.todo.kind == wait
	limited := w.m.phase == killing || w.m.phase == stopping && (w.main == buried || !w.m.patient)
	if waits && limited && !w.timer {
		return fmt.Errorf("waits for ever")
	}
	if waits && w.main == buried && w.m.phase == running {
		return fmt.Errorf("waits without an end in sight")
	}
	return nil
}

// code is what init must exit with.
func (w *world) code() int {
	switch {
	case w.main == buried:
		return 3
	case w.main == unborn:
		return 127
	case w.killed:
		return 128 + 9
	}
	return exit.Step
}

// explore walks through every world that can come of one, and gives their number.
func explore(t *testing.T, first world) int {
	t.Helper()
	type place struct {
		world
		before *place
		name   string
	}
	trail := func(p *place) (s string) {
		for ; p.before != nil; p = p.before {
			s = p.name + "; " + s
		}
		return s
	}
	seen, ends := map[world]bool{}, map[int]bool{}
	for queue := []*place{{world: first}}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if at.todo.kind == leave {
			ends[at.todo.code] = true
			continue
		}
		moves := at.moves()
		if len(moves) == 0 {
			t.Fatalf("nothing can happen after %s", trail(at))
		}
		for _, m := range moves {
			next := &place{m.next, at, m.name}
			if m.answered {
				if err := next.arrive(); err != nil {
					t.Fatalf("%v, after %s%+v", err, trail(next), next.world)
				}
			}
			if !seen[next.world] {
				seen[next.world] = true
				queue = append(queue, next)
			}
		}
	}
	if first.main == alive && (!ends[3] || ends[128+9] == first.m.patient || !ends[exit.Step]) {
		t.Errorf("the ends are %v", ends)
	}
	return len(seen)
}

// From the start, whatever happens in whatever order, to a fixed point: the end of the main
// child is reported exactly once and as it was; nothing is sent to a number that may be
// somebody else's; nobody is killed before the grace is over; and from everywhere there is a
// way out that takes no more than time.
func TestMachineExhaustively(t *testing.T) {
	total := 0
	for scope := range orders.ScopeLimit {
		for _, grace := range []uint32{0, second} {
			for _, patient := range []bool{false, true} {
				o := orders.Orders{Stop: 3, Grace: grace, Scope: scope, Forward: []orders.Forward{{From: 1, To: 0}, {From: 15, To: 12}}}
				m := newMachine(1, &o)
				m.patient = patient
				for _, e := range []event{{kind: spawned, pid: 7}, {kind: unspawned, code: 127, status: 2}} {
					first := world{m: m}
					if e.kind == spawned {
						first.main = alive
					}
					first.m, first.todo = m.step(e)
					total += explore(t, first)
				}
			}
		}
	}
	t.Logf("%d worlds", total)
}
