package main

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"casemate/internal/gate"
	"casemate/internal/orders"
	"casemate/internal/sys"
	"casemate/tests/lab"

	"golang.org/x/sys/unix"
)

// deed is what a test can do to an init that runs, and what it is to the world of the
// explorer. It is done while init waits and all has been said.
type deed string

const (
	asks    deed = "TERM from outside"
	inside  deed = "TERM from inside" // USR1 lets the main child send it
	orphan  deed = "an orphan"        // USR2 lets the main child make it
	ends    deed = "the main child ends"
	another deed = "another ends"
	time_   deed = "the grace is over"
	shuts   deed = "the shim shuts the gate"
)

var deeds = []deed{asks, inside, orphan, ends, another, time_, shuts}

// scene is a world in which init waits, with a gate that may be shut.
type scene struct {
	world
	shut bool
}

// heardBy is what a deed lets be heard: what the puppets print, and the messages.
type heardBy struct {
	lines []string
	end   bool // Exited
	code  int  // when left
	left  bool
}

// possible tells whether a deed can be done here.
func (s scene) possible(d deed) bool {
	switch d {
	case inside:
		return s.main == alive
	case orphan:
		return s.main == alive && s.alive == 0
	case ends:
		return s.main == alive
	case another:
		return s.alive > 0
	case time_:
		return s.timer
	case shuts:
		return !s.shut
	}
	return true
}

// after gives the scene after a deed, by the machine alone.
func (s scene) after(d deed) (scene, heardBy) {
	var h heardBy
	switch d {
	case asks:
		s.settle(term, &h)
	case inside:
		s.settle(from(0, 10, sys.CodeUser), &h)
		s.settle(from(9, 15, sys.CodeUser), &h)
	case orphan:
		s.settle(from(0, 12, sys.CodeUser), &h)
		s.alive++
		h.lines = append(h.lines, "other up")
	case ends:
		s.main = dead
		s.settle(from(7, 17, 1), &h)
	case another:
		s.alive, s.dead = s.alive-1, s.dead+1
		s.settle(from(8, 17, 1), &h)
	case time_:
		s.timer = false
		s.settle(event{kind: expired}, &h)
	case shuts:
		s.shut = true
	}
	slices.Sort(h.lines)
	return s, h
}

// settle feeds an event and follows the machine until it waits again or leaves.
func (s *scene) settle(e event, h *heardBy) {
	for {
		s.m, s.todo = s.m.step(e)
		s.timer = s.timer || s.todo.limit != 0
		switch s.todo.kind {
		case wait:
			if !s.chld {
				return
			}
			s.chld, e = false, from(8, 17, 1)
		case send:
			s.hear(int(s.todo.signal), s.todo.to, h)
			if s.todo.wake {
				s.hear(18, s.todo.to, h)
			}
			return
		case kill:
			if s.main == alive {
				s.main = dead
			}
			s.alive, s.dead, s.chld = 0, s.dead+s.alive, true
			e = from(8, 17, 1)
		case tell:
			h.end = h.end || s.todo.what == gate.Exited && !s.shut
			e = event{kind: heard}
			if s.shut {
				e = event{kind: broken}
			}
		case reap:
			switch {
			case s.main == dead:
				s.main, e = buried, event{kind: reaped, pid: 7, status: 9}
			case s.dead > 0:
				s.dead, e = s.dead-1, event{kind: reaped, pid: 8, status: 9}
			case s.main == alive || s.alive > 0:
				e = event{kind: drained}
			default:
				e = event{kind: childless}
			}
		default:
			h.left, h.code = true, s.todo.code
			return
		}
	}
}

// hear is what the puppets print of a signal.
func (s *scene) hear(n int, to orders.Scope, h *heardBy) {
	if s.main == alive {
		h.lines = append(h.lines, fmt.Sprint("main ", n))
	}
	if to == orders.ScopeAll {
		for range s.alive {
			h.lines = append(h.lines, fmt.Sprint("other ", n))
		}
	}
}

// traces are sequences of deeds from the start to an exit, which together do every possible
// deed in every scene.
func traces(scope orders.Scope) (all [][]deed) {
	type place struct {
		scene
		trail []deed
	}
	m := running7(1, orders.Orders{Grace: second, Scope: scope})
	first := scene{world: world{m: m, main: alive, todo: action{kind: wait}}}
	seen := map[scene]bool{first: true}
	for queue := []place{{first, nil}}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		for _, d := range deeds {
			if !at.possible(d) {
				continue
			}
			next, h := at.after(d)
			trail := append(slices.Clone(at.trail), d)
			if h.left {
				all = append(all, trail)
				continue
			}
			if !seen[next] {
				seen[next] = true
				queue = append(queue, place{next, trail})
				continue
			}
			all = append(all, next.finish(trail))
		}
	}
	return all
}

// finish adds what leads to the end.
func (s scene) finish(trail []deed) []deed {
	for {
		d := ends
		if s.main != alive {
			d = another
		}
		var h heardBy
		s, h = s.after(d)
		if trail = append(trail, d); h.left {
			return trail
		}
	}
}

// What the machine says is what init does: the traces of the explorer, one after the other,
// with real processes, signals and time.
func TestReplay(t *testing.T) {
	needRoot(t)
	// The puppets of a group are the main child alone: stop_test.go has others.
	for _, scope := range []orders.Scope{orders.ScopeMain, orders.ScopeAll} {
		trails := traces(scope)
		if scope == orders.ScopeAll { // nothing that goes to a scope comes of the time
			trails = slices.DeleteFunc(trails, func(trail []deed) bool { return slices.Contains(trail, time_) })
		}
		for _, trail := range lab.Some(t, trails) {
			words := make([]string, len(trail))
			for i, d := range trail {
				words[i] = string(d)
			}
			t.Run(fmt.Sprintf("scope %d, %s", scope, strings.Join(words, ", ")), func(t *testing.T) {
				t.Parallel()
				replay(t, scope, trail)
			})
		}
	}
}

func replay(t *testing.T, scope orders.Scope, trail []deed) {
	o := puppet("10=inside:15", "12=orphan")
	o.Scope = scope
	if slices.Contains(trail, time_) {
		o.Grace = 1000 // time for all that comes before
	}
	i := up(t, o)
	s := scene{world: world{m: running7(1, o), main: alive, todo: action{kind: wait}}}
	main := i.main(t).pid
	if slices.Contains(trail, inside) { // nothing tells where a signal came from that another thread hands over
		i.settlesToOneThread(t)
	}
	for _, d := range trail {
		var want heardBy
		s, want = s.after(d)
		i.do(t, d, main)
		if want.end {
			if status := syscall.WaitStatus(i.expect(t, gate.Exited)); status.Signal() != syscall.SIGKILL {
				t.Fatalf("%s: the gate says %#x", d, status)
			}
		}
		var got []string
		for range want.lines {
			got = append(got, i.line(t))
		}
		slices.Sort(got)
		if !slices.Equal(got, want.lines) {
			t.Fatalf("%s: the workload said %q, want %q", d, got, want.lines)
		}
		if want.left {
			if code := i.end(t); code != want.code {
				t.Errorf("%s: exit %d, want %d", d, code, want.code)
			}
		} else if d == another || d == orphan { // which is one when the shell that made it has ended
			i.reapedTo(t, int(s.alive), s.main == alive)
		}
	}
	i.remains(t, "")
}

// do does one deed.
func (i *instance) do(t *testing.T, d deed, main int) {
	t.Helper()
	signals := map[deed]syscall.Signal{asks: syscall.SIGTERM, inside: syscall.SIGUSR1, orphan: syscall.SIGUSR2}
	switch d {
	case ends:
		if err := syscall.Kill(main, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	case another:
		for _, p := range children(t, i.pid) {
			if p.pid != main {
				syscall.Kill(p.pid, syscall.SIGKILL)
			}
		}
	case shuts:
		unix.Shutdown(i.gate, unix.SHUT_RDWR)
	case time_: // comes by itself
	default:
		i.signal(t, signals[d])
	}
}

// reapedTo waits until init has so many children besides its main child.
func (i *instance) reapedTo(t *testing.T, others int, main bool) {
	t.Helper()
	if main {
		others++
	}
	for end := time.Now().Add(patience); len(children(t, i.pid)) != others; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d children, want %d", len(children(t, i.pid)), others)
		}
	}
}
