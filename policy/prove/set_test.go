package prove

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// samples are words at which a set may change its mind.
func samples(g *rand.Rand, at ...uint32) []uint32 {
	list := []uint32{0, 1, 1 << 31, ^uint32(0), ^uint32(0) - 1}
	for _, v := range at {
		list = append(list, v, v-1, v+1)
		for bit := range 32 {
			list = append(list, v^1<<bit)
		}
	}
	for range 50 {
		list = append(list, g.Uint32())
	}
	return list
}

// tested is a set and what it is to be.
type tested struct {
	set  Set
	want func(uint32) bool
}

func randomSet(g *rand.Rand, depth int) (tested, []uint32) {
	a, b := g.Uint32()>>g.UintN(32), g.Uint32()>>g.UintN(32)
	if depth > 0 {
		x, p := randomSet(g, depth-1)
		y, q := randomSet(g, depth-1)
		at := append(p, q...)
		switch g.IntN(4) {
		case 0:
			return tested{x.set.And(y.set), func(w uint32) bool { return x.want(w) && y.want(w) }}, at
		case 1:
			return tested{x.set.Or(y.set), func(w uint32) bool { return x.want(w) || y.want(w) }}, at
		case 2:
			return tested{x.set.Minus(y.set), func(w uint32) bool { return x.want(w) && !y.want(w) }}, at
		default:
			return tested{x.set.Not(), func(w uint32) bool { return !x.want(w) }}, at
		}
	}
	switch g.IntN(3) {
	case 0:
		return tested{Range(min(a, b), max(a, b)), func(w uint32) bool { return min(a, b) <= w && w <= max(a, b) }}, []uint32{a, b}
	case 1:
		return tested{Masked(a, b&a), func(w uint32) bool { return w&a == b&a }}, []uint32{a, b, a & b}
	default:
		return tested{Values(a, b, 7), func(w uint32) bool { return w == a || w == b || w == 7 }}, []uint32{a, b, 7}
	}
}

func TestSetAgainstPredicates(t *testing.T) {
	for seed := range uint64(500) {
		g := rand.New(rand.NewPCG(seed, 2))
		c, at := randomSet(g, g.IntN(4))
		for _, w := range samples(g, at...) {
			if got, want := c.set.Contains(w), c.want(w); got != want {
				t.Fatalf("seed %d: %#x: %t, want %t", seed, w, got, want)
			}
		}
		if c.set.Empty() {
			continue
		}
		if least := c.set.Sample(); !c.want(least) || least > 0 && !c.set.And(Range(0, least-1)).Empty() {
			t.Fatalf("seed %d: sample %#x", seed, least)
		}
	}
}

// Two ways to one set give equal sets, from one space or from two.
func TestSetLaws(t *testing.T) {
	for seed := range uint64(300) {
		g := rand.New(rand.NewPCG(seed, 3))
		x, _ := randomSet(g, 2)
		y, _ := randomSet(g, 2)
		a, b := x.set, y.set
		for name, pair := range map[string][2]Set{
			"double negation": {a.Not().Not(), a},
			"De Morgan":       {a.And(b).Not(), a.Not().Or(b.Not())},
			"commutes":        {a.And(b), b.And(a)},
			"minus":           {a.Minus(b), a.And(b.Not())},
			"absorbs":         {a.Or(a.And(b)), a},
			"whole":           {a.Or(a.Not()), Full()},
			"nothing":         {a.And(a.Not()), Set{}},
		} {
			if !pair[0].Equal(pair[1]) || !pair[1].Equal(pair[0]) {
				t.Errorf("seed %d: %s", seed, name)
			}
		}
		if a.Count()+a.Not().Count() != 1<<32 || a.Count() != a.And(b).Count()+a.Minus(b).Count() {
			t.Errorf("seed %d: counts %d, %d", seed, a.Count(), a.Not().Count())
		}
		if a.Within(b) != (a.Or(b).Equal(b)) || a.Equal(a.Not()) {
			t.Errorf("seed %d: inclusion", seed)
		}
	}
}

func TestSetRanges(t *testing.T) {
	type pair struct{ first, last uint32 }
	for _, c := range []struct {
		name string
		set  Set
		want []pair
	}{
		{"empty", Set{}, nil},
		{"full", Full(), []pair{{0, ^uint32(0)}}},
		{"one", Values(5), []pair{{5, 5}}},
		{"joined", Values(3, 4, 5, 9), []pair{{3, 5}, {9, 9}}},
		{"ends", Range(0, 2).Or(Range(1<<31, ^uint32(0))), []pair{{0, 2}, {1 << 31, ^uint32(0)}}},
		{"overlap", Range(2, 8).Or(Range(5, 20)).Minus(Values(10)), []pair{{2, 9}, {11, 20}}},
		{"mask", Masked(^uint32(2), 1), []pair{{1, 1}, {3, 3}}},
		{"nothing under the mask", Masked(1, 2), nil},
		{"backwards", Range(5, 4), nil},
	} {
		var got []pair
		for first, last := range c.set.Ranges() {
			got = append(got, pair{first, last})
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	n := 0
	for range Masked(1, 1).Ranges() { // 2^31 of them
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("%d ranges after a break", n)
	}
	if got := Masked(1, 1).Count(); got != 1<<31 {
		t.Errorf("count %d", got)
	}
}

// Sets that share a space are joined crosswise by goroutines.
func TestSetConcurrent(t *testing.T) {
	a, b := Range(3, 1000), Masked(0xf, 3)
	var wg sync.WaitGroup
	for i := range uint32(8) {
		wg.Go(func() {
			for n := range uint32(200) {
				x, y := a, b
				if i%2 == 1 {
					x, y = b, a
				}
				if got := x.And(y).Minus(Values(n)).Count(); got < 62 {
					t.Errorf("count %d", got)
				}
			}
		})
	}
	wg.Wait()
}
