package prove

import (
	"errors"
	"sync"
)

// ErrComplex is the error of what exceeds the bounds of this package. Nothing is known
// of what was to be judged.
var ErrComplex = errors.New("too complex to be judged")

// Bounds of one space and of the work on it: about 100 MiB and half a second. A program
// of 300 rules with 60 conditions takes 20,000 steps.
const (
	maxNodes = 1 << 19
	maxSteps = 1 << 21
)

// ref is a node of a diagram: the two truth values, an inner node of its space, or a
// leaf with an index into the space's leaves.
type ref uint32

const (
	no    ref = 0
	yes   ref = 1
	leaf  ref = 1 << 31
	inner     = 2 // the first inner node
)

func (r ref) isInner() bool { return r >= inner && r < leaf }

// node decides by the bit at its level: low when it is 0, high when it is 1.
type node struct {
	level     uint32
	low, high ref
}

// depth is the level of what is no inner node: below all bits.
const depth = 32 * uint32(Words)

// space holds diagrams that share their nodes: reduced, ordered, each node once. So two
// diagrams of one space are equal exactly when they are the same ref. Nodes are only
// ever added; what can be reached from a ref never changes.
//
// within, take and leafValue take the lock; all other methods want it held.
type space struct {
	mu     sync.Mutex
	nodes  []node
	index  table // of nodes
	leaves []uint64
	leafOf map[uint64]ref
	done   table // answers that ite has given
	steps  int   // of the work that is or was last within the bounds
	bound  bool
}

// choice is a question to ite.
type choice struct{ test, then, otherwise ref }

func newSpace() *space {
	return &space{nodes: make([]node, inner, 1<<8), index: newTable(1 << 8), leafOf: map[uint64]ref{}, done: newTable(1 << 8)}
}

// maxDone bounds the memory of answers.
const maxDone = 1 << 18

// complexity is what a bounded space panics with; within gives it back as an error.
type complexity struct{}

// within runs f with the bounds of the space in force.
func (s *space) within(f func()) (err error) {
	s.mu.Lock()
	s.bound, s.steps = true, 0
	defer func() {
		s.bound = false
		s.mu.Unlock()
		if p := recover(); p == (complexity{}) {
			err = ErrComplex
		} else if p != nil {
			panic(p)
		}
	}()
	f()
	return nil
}

func (s *space) spend() {
	if s.steps++; s.bound && (s.steps > maxSteps || len(s.nodes) > maxNodes) {
		panic(complexity{})
	}
}

// node gives the diagram that asks for the bit at level.
func (s *space) node(level uint32, low, high ref) ref {
	if low == high {
		return low
	}
	key := triple{level, uint32(low), uint32(high)}
	if r, ok := s.index.get(key); ok {
		return r
	}
	r := ref(len(s.nodes))
	s.nodes = append(s.nodes, node{level, low, high})
	s.index.put(key, r)
	return r
}

// leaf gives the diagram that is v whatever the bits.
func (s *space) leaf(v uint64) ref {
	r, ok := s.leafOf[v]
	if !ok {
		r = leaf | ref(len(s.leaves))
		s.leaves = append(s.leaves, v)
		s.leafOf[v] = r
	}
	return r
}

func (s *space) value(r ref) uint64 { return s.leaves[r&^leaf] }

func (s *space) level(r ref) uint32 {
	if !r.isInner() {
		return depth
	}
	return s.nodes[r].level
}

// split gives what is left of r once the bit at level is 0, and once it is 1. No bit
// above level may be left in r.
func (s *space) split(r ref, level uint32) (low, high ref) {
	if s.level(r) != level {
		return r, r
	}
	return s.nodes[r].low, s.nodes[r].high
}

// ite is then where test holds and otherwise elsewhere. test has no leaf but no and yes.
func (s *space) ite(test, then, otherwise ref) ref {
	switch {
	case test == yes || then == otherwise:
		return then
	case test == no:
		return otherwise
	case then == yes && otherwise == no:
		return test
	}
	if s.done.used > maxDone {
		s.done = newTable(1 << 8)
	}
	return s.choose(choice{test, then, otherwise})
}

func (s *space) choose(c choice) ref {
	switch {
	case c.test == yes || c.then == c.otherwise:
		return c.then
	case c.test == no:
		return c.otherwise
	}
	key := triple{uint32(c.test), uint32(c.then), uint32(c.otherwise)}
	if r, ok := s.done.get(key); ok {
		return r
	}
	s.spend()
	level := min(s.level(c.test), s.level(c.then), s.level(c.otherwise))
	t0, t1 := s.split(c.test, level)
	a0, a1 := s.split(c.then, level)
	b0, b1 := s.split(c.otherwise, level)
	r := s.node(level, s.choose(choice{t0, a0, b0}), s.choose(choice{t1, a1, b1}))
	s.done.put(key, r)
	return r
}

func (s *space) and(a, b ref) ref { return s.ite(a, b, no) }
func (s *space) or(a, b ref) ref  { return s.ite(a, yes, b) }
func (s *space) not(a ref) ref    { return s.ite(a, no, yes) }

// join makes one diagram of two: where f ends in a and g in b, it is of(a, b).
func (s *space) join(f, g ref, of func(a, b ref) ref) ref {
	known := map[[2]ref]ref{}
	var join func(f, g ref) ref
	join = func(f, g ref) ref {
		if !f.isInner() && !g.isInner() {
			return of(f, g)
		}
		if r, ok := known[[2]ref{f, g}]; ok {
			return r
		}
		s.spend()
		level := min(s.level(f), s.level(g))
		f0, f1 := s.split(f, level)
		g0, g1 := s.split(g, level)
		r := s.node(level, join(f0, g0), join(f1, g1))
		known[[2]ref{f, g}] = r
		return r
	}
	return join(f, g)
}
