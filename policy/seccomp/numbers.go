package seccomp

import (
	"casemate/policy/filter"
)

// interval is a range of system call numbers, both ends inside, that go to one node.
type interval struct {
	first, last uint32
	to          *node
}

func (i interval) size() uint64 { return uint64(i.last) - uint64(i.first) + 1 }

// intervals covers every number there is, 2^32 of them, ascending; neighbours differ.
func (g *graph) intervals(arch filter.Arch, r filter.Rules, list []verdict) []interval {
	c := cover{}
	unknown, fallback := g.ret(r.Unknown), g.ret(r.Default)
	for _, nr := range filter.Numbers(arch) {
		c.upTo(uint64(nr), unknown)
		to := fallback
		if len(list) > 0 && list[0].nr == nr {
			to = g.verdict(list[0], fallback)
			list = list[1:]
		}
		c.upTo(uint64(nr)+1, to)
	}
	if arch == filter.AMD64 {
		c.upTo(filter.X32Bit, unknown)
		c.upTo(filter.Skipped, g.ret(r.BadArch))
		unknown = g.ret(filter.ActionENOSYS) // of the skipped number, the only one left
	}
	c.upTo(1<<32, unknown)
	return c.list
}

// verdict is where a call with a rule of its own goes.
func (g *graph) verdict(v verdict, fallback *node) *node {
	if v.tree == nil {
		return g.ret(v.action)
	}
	return g.condition(v.tree, g.ret(v.action), fallback)
}

// cover is a list of intervals that grows from 0.
type cover struct {
	list []interval
	next uint64
}

// upTo sends the numbers from the last end to before end to one node.
func (c *cover) upTo(end uint64, to *node) {
	if end <= c.next {
		return
	}
	if n := len(c.list); n > 0 && c.list[n-1].to == to {
		c.list[n-1].last = uint32(end - 1)
	} else {
		c.list = append(c.list, interval{uint32(c.next), uint32(end - 1), to})
	}
	c.next = end
}

// block is a run of intervals that mostly go to one node: the odd numbers among them
// are tested one by one.
type block struct {
	first uint32
	to    *node
	odd   []interval
}

// maxOdd bounds the tests in a row. A longer row would save instructions, not time.
const maxOdd = 6

// blocks cuts the intervals so that the program gets shortest: an odd number costs an
// instruction, as does every block, which is found by halving.
func blocks(list []interval) []block {
	n := len(list)
	cost := make([]int, n+1) // of the intervals from i on
	best := make([]block, n)
	length := make([]int, n)
	for i := n - 1; i >= 0; i-- {
		cost[i] = 1 << 30
		// The node that most go to is the first one's or, where that is odd, the second's.
		for _, m := range []int{i, min(i+1, n-1)} {
			b := block{first: list[i].first, to: list[m].to}
			odd := 0
			for j := i; j < n; j++ {
				if list[j].to != b.to {
					if odd += int(min(list[j].size(), maxOdd+1)); odd > maxOdd {
						break
					}
					b.odd = append(b.odd, list[j])
				}
				if c := 1 + odd + cost[j+1]; j >= m && c < cost[i] {
					cost[i], length[i] = c, j+1-i
					best[i] = block{b.first, b.to, b.odd[:len(b.odd):len(b.odd)]}
				}
			}
		}
	}
	var cut []block
	for i := 0; i < n; i += length[i] {
		cut = append(cut, best[i])
	}
	return cut
}

// search finds the block of the number in the accumulator.
func (g *graph) search(list []block) *node {
	if len(list) == 1 {
		return g.odd(list[0])
	}
	half := len(list) / 2
	return g.jump(opJGE, list[half].first, g.search(list[half:]), g.search(list[:half]))
}

func (g *graph) odd(b block) *node {
	next := b.to
	for i := len(b.odd) - 1; i >= 0; i-- {
		for nr := uint64(b.odd[i].last); nr >= uint64(b.odd[i].first) && nr <= uint64(b.odd[i].last); nr-- {
			next = g.jump(opJEQ, uint32(nr), b.odd[i].to, next)
		}
	}
	return next
}
