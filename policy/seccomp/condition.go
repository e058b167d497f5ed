package seccomp

import (
	"slices"

	"casemate/policy/filter"
)

// condition gives the test of a condition's tree: on to yes where it holds, to no
// elsewhere. Unlike Lower it compares as the processor of the filter does, a word at
// a time with its own greater-than, so that a range costs two instructions.
func (g *graph) condition(n filter.Node, yes, no *node) *node {
	switch n := n.(type) {
	case *filter.All:
		for _, of := range slices.Backward(n.Of) {
			yes = g.condition(of, yes, no)
		}
		return yes
	case *filter.Any:
		for _, of := range slices.Backward(n.Of) {
			no = g.condition(of, yes, no)
		}
		return no
	case *filter.Not:
		return g.condition(n.Of, no, yes)
	case *filter.Compare:
		return g.compare(n, yes, no)
	}
	panic("BUG: condition of an unknown kind")
}

// operand is an argument under a mask: two words, of which the mask may leave one
// empty.
type operand struct{ high, low word }

func newOperand(c *filter.Compare) operand {
	offset := uint32(offsetArgs + 8*c.Arg.Index)
	return operand{word{offset + 4, uint32(c.Mask >> 32)}, word{offset, uint32(c.Mask)}}
}

func (g *graph) compare(c *filter.Compare, yes, no *node) *node {
	o, v := newOperand(c), c.Values[0]
	switch c.Op {
	case filter.Equal:
		return g.equal(o, v, yes, no)
	case filter.NotEqual:
		return g.equal(o, v, no, yes)
	case filter.Greater:
		return g.greater(o, v, yes, no)
	case filter.LessEqual:
		return g.greater(o, v, no, yes)
	case filter.GreaterEqual:
		return g.atLeast(o, v, yes, no)
	case filter.Less:
		return g.atLeast(o, v, no, yes)
	case filter.In:
		return g.member(o, c.Values, yes, no)
	case filter.NotIn:
		return g.member(o, c.Values, no, yes)
	}
	panic("BUG: comparison of an unknown kind")
}

func (g *graph) equal(o operand, v uint64, yes, no *node) *node {
	return g.wordEqual(o.high, uint32(v>>32), g.wordEqual(o.low, uint32(v), yes, no), no)
}

// greater: the high words decide unless they are equal.
func (g *graph) greater(o operand, v uint64, yes, no *node) *node {
	high := uint32(v >> 32)
	return g.wordGreater(o.high, high, yes, g.wordEqual(o.high, high, g.wordGreater(o.low, uint32(v), yes, no), no))
}

func (g *graph) atLeast(o operand, v uint64, yes, no *node) *node {
	if v == 0 {
		return yes
	}
	return g.greater(o, v-1, yes, no)
}

func (g *graph) wordEqual(w word, v uint32, yes, no *node) *node {
	switch {
	case v&^w.mask != 0:
		return no
	case w.mask == 0:
		return yes
	case v == 0 && w.mask != wholeWord:
		return g.anyBit(w, no, yes)
	case v == w.mask && v&(v-1) == 0:
		return g.anyBit(w, yes, no)
	}
	return g.test(w, opJEQ, v, yes, no)
}

// anyBit leaves the whole word in the accumulator, for whatever comes next.
func (g *graph) anyBit(w word, yes, no *node) *node {
	return g.test(word{w.offset, wholeWord}, opJSet, w.mask, yes, no)
}

func (g *graph) wordGreater(w word, v uint32, yes, no *node) *node {
	if v >= w.mask {
		return no
	}
	return g.test(w, opJGT, v, yes, no)
}

// member tests a list of values, those with one high word together.
func (g *graph) member(o operand, values []uint64, yes, no *node) *node {
	values = slices.Compact(slices.Sorted(slices.Values(values)))
	next := no
	for len(values) > 0 {
		high := values[len(values)-1] >> 32
		first, _ := slices.BinarySearch(values, high<<32)
		next = g.wordEqual(o.high, uint32(high), g.memberLow(o.low, runsOf(values[first:]), yes, no), next)
		values = values[:first]
	}
	return next
}

// run is a range of words, both ends inside.
type run struct{ first, last uint32 }

// runsOf joins the low words of ascending values that follow on one another.
func runsOf(values []uint64) []run {
	var list []run
	for _, v := range values {
		if n := len(list); n > 0 && list[n-1].last+1 == uint32(v) {
			list[n-1].last++
		} else {
			list = append(list, run{uint32(v), uint32(v)})
		}
	}
	return list
}

// fewRuns are tested one after the other; more are halved first.
const fewRuns = 4

func (g *graph) memberLow(w word, list []run, yes, no *node) *node {
	if len(list) > fewRuns {
		half := len(list) / 2
		return g.wordGreater(w, list[half].first-1, g.memberLow(w, list[half:], yes, no), g.memberLow(w, list[:half], yes, no))
	}
	next := no
	for _, r := range slices.Backward(list) {
		if r.first == r.last {
			next = g.wordEqual(w, r.first, yes, next)
			continue
		}
		next = g.wordGreater(w, r.last, next, yes)
		if r.first > 0 {
			next = g.wordGreater(w, r.first-1, next, no) // below it: below the ones after it too
		}
	}
	return next
}
