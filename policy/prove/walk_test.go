package prove_test

import (
	"fmt"
	"math/big"
	"os"
	"testing"

	"casemate/policy/filter"
	"casemate/policy/filtertest"
	"casemate/policy/prove"
)

// anyProgram makes up a program of at most n instructions on some words, with verdicts
// of every kind.
func anyProgram(g filtertest.Generator, n int) []byte {
	return g.Program(1+g.IntN(n), []uint32{0, 4, 8, 16, 20, 24, 28, 60}, []uint32{0x7fff0000, 0x80000000, 0x00050001, 0x00050026, 0x7ffc0000, 0})
}

// partition demands that the boxes of a walk of in have the verdict that they are
// visited with, do not meet, and together are in: their sizes add up.
func partition(t *testing.T, name string, program []byte, in prove.Box) (boxes []prove.Box, actions []filter.Action) {
	t.Helper()
	p, m := parsed(t, program), machine(t, program)
	sum := new(big.Int)
	err := p.Walk(in, func(b prove.Box, a filter.Action) bool {
		if c := b.Sample(); b.Empty() || !b.Contains(c) || !in.Contains(c) || run(t, m, c) != a || p.Run(c) != a {
			t.Fatalf("%s: %+v: visited as %s", name, c, a)
		}
		sum.Add(sum, size(b))
		boxes, actions = append(boxes, b), append(actions, a)
		return true
	})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if sum.Cmp(size(in)) != 0 {
		t.Fatalf("%s: boxes of %d calls, of %d", name, sum, size(in))
	}
	return boxes, actions
}

func size(b prove.Box) *big.Int {
	n := big.NewInt(1)
	for _, s := range b {
		n.Mul(n, new(big.Int).SetUint64(s.Count()))
	}
	return n
}

// randomBox leaves each word whole, or cuts it.
func randomBox(g filtertest.Generator, words []uint32) prove.Box {
	b := prove.Everything()
	for w := range b {
		x, y := filtertest.Pick(g, words), filtertest.Pick(g, words)
		switch g.IntN(8) {
		case 0:
			b[w] = prove.Range(min(x, y), max(x, y))
		case 1:
			b[w] = prove.Masked(x, x&y)
		case 2:
			b[w] = prove.Values(x, y).Not()
		}
	}
	return b
}

// samples is how many calls of each kind the tests below try in all.
func samples(t *testing.T, n int) int {
	if testing.Short() {
		return n / 50
	}
	if os.Getenv(longEnv) != "" {
		return 10 * n
	}
	return n
}

// The evaluation, symbolic and concrete, against the machine of golang.org/x/net.
func TestRandomPrograms(t *testing.T) {
	left, visited := samples(t, 600_000), 0
	defer func() { t.Logf("%d boxes", visited) }()
	for seed := uint64(0); left > 0; seed++ {
		g := filtertest.New(seed)
		program := anyProgram(g, 100)
		name := fmt.Sprint("seed ", seed)
		words := filtertest.Constants(program)
		in := prove.Everything()
		if seed%3 == 0 {
			in = randomBox(g, words)
		}
		boxes, actions := partition(t, name, program, in)
		visited += len(boxes)
		p, m := parsed(t, program), machine(t, program)
		for range 300 {
			left--
			c := g.Call(words)
			want := run(t, m, c)
			if got := p.Run(c); got != want {
				t.Fatalf("%s: %+v: %s, the machine says %s", name, c, got, want)
			}
			for i, b := range boxes {
				if b.Contains(c) && actions[i] != want {
					t.Fatalf("%s: %+v: in a box of %s, the machine says %s", name, c, actions[i], want)
				}
			}
		}
	}
}

// Compiled programs and what their rules mean, from three sides that share nothing but
// the tables: the prover, the machine, and the interpreter of the rules.
func TestRandomRules(t *testing.T) {
	left := samples(t, 400_000)
	for seed := uint64(0); left > 0; seed++ {
		g := small(1000 + seed)
		for _, p := range programs(t, fmt.Sprint("seed ", seed), g.Rules(t, 1+g.IntN(60))) {
			if _, err := prove.Check(p.arch, p.bytes, p.rules); err != nil {
				t.Fatalf("%s: %v", p.name, err)
			}
			boxes, actions := partition(t, p.name, p.bytes, prove.Everything())
			for i, b := range boxes {
				if want := p.rules.Decide(p.arch, b.Sample()); want != actions[i] {
					t.Fatalf("%s: %+v: %s, the rules say %s", p.name, b.Sample(), actions[i], want)
				}
			}
			left -= trials(t, g, p)
		}
	}
}

// trials compares the three on calls that are worth a look.
func trials(t *testing.T, g filtertest.Generator, p compiled) (n int) {
	t.Helper()
	one, m := parsed(t, p.bytes), machine(t, p.bytes)
	try := func(c filter.Call) {
		n++
		want := p.rules.Decide(p.arch, c)
		if a, b := one.Run(c), run(t, m, c); a != want || b != want {
			t.Fatalf("%s: %+v: the prover says %s, the machine %s, the rules %s", p.name, c, a, b, want)
		}
	}
	for _, nr := range numbers(p.arch) {
		for _, c := range g.Calls(p.arch, p.rules, nr, 60) {
			try(c)
		}
	}
	for _, arch := range architectures {
		for range 50 {
			try(filter.Call{Arch: arch, NR: filtertest.Pick(g, numbers(p.arch)), Args: [6]uint64{g.Uint64(), g.Uint64()}})
		}
	}
	return n
}

// Pair says of every call what the two programs say.
func TestPair(t *testing.T) {
	for seed := range uint64(200) {
		g := filtertest.New(seed)
		p, q := anyProgram(g, 40), anyProgram(g, 40)
		in := randomBox(g, filtertest.Constants(p))
		sum := new(big.Int)
		err := prove.Pair(parsed(t, p), parsed(t, q), in, func(at prove.Box, a, b filter.Action) bool {
			c := at.Sample()
			if run(t, machine(t, p), c) != a || run(t, machine(t, q), c) != b || !in.Contains(c) {
				t.Fatalf("seed %d: %+v: visited as %s and %s", seed, c, a, b)
			}
			sum.Add(sum, size(at))
			return true
		})
		if err != nil || sum.Cmp(size(in)) != 0 {
			t.Fatalf("seed %d: %v; %d calls, of %d", seed, err, sum, size(in))
		}
	}
}

// A walk ends when it is told to, visits nothing of an empty box, and stays inside one.
func TestWalkIsTold(t *testing.T) {
	p := parsed(t, programs(t, "batch", example(t, "batch"))[0].bytes)
	n := 0
	if err := p.Walk(prove.Everything(), func(prove.Box, filter.Action) bool { n++; return n < 3 }); err != nil || n != 3 {
		t.Errorf("%d visits, %v", n, err)
	}
	if err := p.Walk(prove.Everything().With(prove.NR, prove.Set{}), func(prove.Box, filter.Action) bool { n++; return true }); err != nil || n != 3 {
		t.Errorf("an empty box was visited: %v", err)
	}
	list, actions := partition(t, "read", programs(t, "batch", example(t, "batch"))[0].bytes, prove.Of(filter.AMD64, 0))
	if len(list) != 1 || actions[0] != filter.ActionAllow {
		t.Errorf("read is %v", actions)
	}
}

// Programs whose function is too large to be written down are refused in bounded time:
// here whether two arguments are equal, bit by bit.
func TestBounds(t *testing.T) {
	text := ""
	for bit := range 32 {
		text += fmt.Sprintf("ld arg0\njset %#x one%d .\nld arg1\njset %#[1]x no go%[2]d\none%[2]d:\nld arg1\njset %#[1]x go%[2]d no\ngo%[2]d:\n", uint32(1)<<bit, bit)
	}
	program := assemble(t, text+"ret allow\nno:\nret EPERM\n")
	p := parsed(t, program)
	visit := func(prove.Box, filter.Action) bool { t.Error("visited"); return true }
	if err := p.Walk(prove.Everything(), visit); err != prove.ErrComplex {
		t.Errorf("walk: %v", err)
	}
	if err := prove.Pair(p, p, prove.Everything(), func(prove.Box, filter.Action, filter.Action) bool { t.Error("visited"); return true }); err != prove.ErrComplex {
		t.Errorf("pair: %v", err)
	}
	if _, err := prove.Check(filter.AMD64, program, handRules(t)); err == nil {
		t.Error("checked")
	}
}
