package seccomp

import (
	"slices"
	"testing"

	"casemate/policy/filter"
	"casemate/policy/filtertest"
)

// tested runs a condition's nodes alone.
func tested(t *testing.T, n filter.Node, args [filter.MaxArgs]uint64) bool {
	t.Helper()
	g := newGraph()
	program := place(g.condition(n, g.ret(filter.ActionAllow), g.ret(filter.ActionEPERM)))
	return verdictOf(t, program, args) == filter.ActionAllow
}

func verdictOf(t *testing.T, program []instruction, args [filter.MaxArgs]uint64) filter.Action {
	t.Helper()
	return newMachine(t, encode(program)).run(t, filter.Call{Args: args})
}

// Every comparison, under masks that leave bits in one half, in both or across them,
// holds for exactly the numbers that it means.
func TestConditionCompare(t *testing.T) {
	edges := []uint64{0, 1, 2, 3, 4, 7, 8, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 1 << 32, 1<<32 + 1, 1<<32 - 1 + 1<<33,
		3 << 32, 5<<32 + 5, 1 << 62, 1<<63 - 1, 1 << 63, 1<<63 + 1, ^uint64(0) - 1, ^uint64(0), 0xdeadbeef00000001, 0x00000001deadbeef}
	for _, mask := range []uint64{^uint64(0), 0xffffffff, 0xffffffff << 32, 0xffff, 1, 1 << 31, 1 << 32, 1 << 63, 6, 7 << 31, 0x8000000000000001} {
		for op := filter.Equal; op <= filter.NotIn; op++ {
			for i, v := range edges {
				c := &filter.Compare{Arg: filter.Arg{Index: 3, Width: 64}, Mask: mask, Op: op, Values: []uint64{v}}
				if op == filter.In || op == filter.NotIn {
					c.Values = []uint64{v, v + 1, edges[(i+3)%len(edges)], edges[(i+7)%len(edges)], v + 9, v + 11, v + 13, v}
				}
				for _, x := range slices.Concat(edges, []uint64{v - 1, v + 1, v ^ 1<<40, v + 2, v + 9, v + 10, v | ^mask, v & mask}) {
					if got, want := tested(t, c, [filter.MaxArgs]uint64{3: x}), c.Holds(x&mask); got != want {
						t.Fatalf("%#x & %#x %s %#x: %t, want %t", x, mask, op, c.Values, got, want)
					}
				}
			}
		}
	}
}

// A target that a conditional jump cannot reach is reached all the same.
func TestPlaceFar(t *testing.T) {
	g := newGraph()
	far := g.load(offsetArgs, g.jump(opJEQ, 7, g.ret(filter.ActionAllow), g.ret(filter.ActionKillProcess)))
	n := g.ret(filter.ActionEPERM)
	for i := range 2000 {
		// Each step has a way to the far end, to a return and on.
		n = g.test(word{offsetArgs + 8, wholeWord}, opJEQ, uint32(i), far, g.test(word{offsetArgs + 16, wholeWord}, opJEQ, uint32(i), g.ret(filter.ActionEACCES), n))
	}
	program := place(n)
	if len(program) <= MaxInstructions {
		t.Fatalf("%d instructions; the test needs more than the kernel takes", len(program))
	}
	for _, c := range []struct {
		args [filter.MaxArgs]uint64
		want filter.Action
	}{
		{[filter.MaxArgs]uint64{7, 0, 5000}, filter.ActionAllow},
		{[filter.MaxArgs]uint64{8, 1999, 5000}, filter.ActionKillProcess},
		{[filter.MaxArgs]uint64{7, 3000, 1}, filter.ActionEACCES},
		{[filter.MaxArgs]uint64{7, 3000, 1998}, filter.ActionEACCES},
		{[filter.MaxArgs]uint64{7, 3000, 3000}, filter.ActionEPERM},
	} {
		if got := verdictOf(t, program, c.args); got != c.want {
			t.Errorf("%d: %s, want %s", c.args, got, c.want)
		}
	}
}

// The blocks cover what the intervals do, number by number.
func TestBlocks(t *testing.T) {
	g := newGraph()
	a, b, c := g.ret(filter.ActionAllow), g.ret(filter.ActionEPERM), g.ret(filter.ActionENOSYS)
	for seed := range uint64(200) {
		r := newGenerator(seed)
		list, next := []interval(nil), uint32(0)
		for range 1 + r.IntN(60) {
			size := uint32(1 + r.IntN(4))
			to := filtertest.Pick(r, []*node{a, b, c})
			if n := len(list); n > 0 && list[n-1].to == to {
				continue
			}
			list = append(list, interval{next, next + size - 1, to})
			next += size
		}
		program := place(g.load(offsetNR, g.search(blocks(list))))
		m := newMachine(t, encode(program))
		for _, i := range list {
			for nr := i.first; nr <= i.last; nr++ {
				if got := m.run(t, filter.Call{NR: nr}); got != filter.Action(i.to.k) {
					t.Fatalf("seed %d: %d: %s, want %s", seed, nr, got, filter.Action(i.to.k))
				}
			}
		}
	}
}
