package seccomp

import "casemate/policy/filter"

// node is one instruction of a program that has no places yet: a return, a load or a
// mask, which go on with yes, or a conditional jump. Nodes form a graph without
// loops, and equal ones are one node, so that what many calls have in common is
// written once.
type node struct {
	op      uint16
	k       uint32
	yes, no *node
}

// graph makes nodes. It must be used for one program only.
type graph struct{ made map[node]*node }

func newGraph() *graph { return &graph{map[node]*node{}} }

func (g *graph) node(n node) *node {
	if known := g.made[n]; known != nil {
		return known
	}
	g.made[n] = &n
	return &n
}

func (g *graph) ret(a filter.Action) *node { return g.node(node{op: opRet, k: uint32(a)}) }

func (g *graph) load(offset uint32, next *node) *node {
	return g.node(node{op: opLoad, k: offset, yes: next})
}

// jump goes on with yes where the accumulator compares so with k, with no elsewhere.
func (g *graph) jump(op uint16, k uint32, yes, no *node) *node {
	if yes == no {
		return yes
	}
	return g.node(node{op: op, k: k, yes: yes, no: no})
}

// word is a word of seccomp_data under a mask, as a test needs it in the accumulator.
type word struct{ offset, mask uint32 }

const wholeWord = ^uint32(0)

// test loads the word and jumps. What follows and would load it again is entered
// behind that.
func (g *graph) test(w word, op uint16, k uint32, yes, no *node) *node {
	n := g.jump(op, k, w.after(yes), w.after(no))
	if w.mask != wholeWord {
		n = g.node(node{op: opAnd, k: w.mask, yes: n})
	}
	return g.load(w.offset, n)
}

// after is where to enter n when the word is in the accumulator already.
func (w word) after(n *node) *node {
	switch {
	case n.op != opLoad || n.k != w.offset:
		return n
	case w.mask == wholeWord:
		return n.yes
	case n.yes.op == opAnd && n.yes.k == w.mask:
		return n.yes.yes
	}
	return n
}
