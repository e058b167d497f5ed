package seccomp

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"casemate/policy/filter"
	"casemate/policy/filtertest"
)

func (c Conjunction) holds(args [filter.MaxArgs]uint64) bool {
	for _, m := range c {
		if args[m.Arg]&m.Mask != m.Value {
			return false
		}
	}
	return true
}

func count(list []Conjunction, args [filter.MaxArgs]uint64) int {
	n := 0
	for _, c := range list {
		if c.holds(args) {
			n++
		}
	}
	return n
}

// Every comparison, lowered, holds for exactly the numbers that it means, and for
// each of them once: over all values of ten bits.
func TestLowerCompareExhaustive(t *testing.T) {
	const limit = 1 << 10
	values := []uint64{0, 1, 2, 3, 4, 5, 7, 8, 0x55, 0xaa, 0x100, 0x1ff, 0x200, 0x2aa, 0x300, 0x3fe, 0x3ff}
	for _, mask := range []uint64{0x3ff, 0x1ff, 0x3fe, 0x300, 0x0f0, 0x155, 0x2aa, 0x201, 1, 0x200} {
		for op := filter.Equal; op <= filter.NotIn; op++ {
			for i, v := range values {
				c := &filter.Compare{Arg: filter.Arg{Index: 2, Width: 16}, Mask: mask, Op: op, Values: []uint64{v}}
				if op == filter.In || op == filter.NotIn {
					c.Values = []uint64{v & mask, values[(i+5)%len(values)] & mask, values[(i+11)%len(values)] & mask}
				}
				if filter.Trivial(op, mask, c.Values[0]) != "" {
					continue // refused by the parser
				}
				for _, negate := range []bool{false, true} {
					list := tidy(lowerCompare(c, negate))
					for x := range uint64(limit) {
						want := 0
						if c.Holds(x&mask) != negate {
							want = 1
						}
						if got := count(list, [filter.MaxArgs]uint64{2: x}); got != want {
							t.Fatalf("arg & %#x %s %#x (negated: %t): %#x: %d of %v hold, want %d", mask, op, c.Values, negate, x, got, list, want)
						}
					}
				}
			}
		}
	}
}

func TestLower(t *testing.T) {
	for _, c := range []struct{ syscall, text, want string }{
		{"socket", "family == AF_UNIX", "0&ffffffff=1"},
		{"socket", "family in {AF_INET, AF_UNIX, AF_INET}", "0&ffffffff=1 | 0&ffffffff=2"},
		{"mprotect", "prot & (PROT_WRITE|PROT_EXEC) != PROT_WRITE|PROT_EXEC", "2&4=0 | 2&6=4"},
		{"fchmod", "mode < 6", "1&fffc=0 | 1&fffe=4"},
		{"fchmod", "mode <= 0x7fff", "1&8000=0"},
		{"fchmod", "mode > 0x7fff", "1&8000=8000"},
		{"socket", "family == 1 && type & 0xf == 2", "0&ffffffff=1,1&f=2"},
		// two matches on one argument become one
		{"socket", "type & 0xf == 2 && type & SOCK_CLOEXEC != 0", "1&8000f=80002"},
		{"socket", "type & 3 == 1 && type & 6 == 0", "1&7=1"},
		// a contradiction is dropped, what is contained is absorbed
		{"socket", "type & 3 == 1 && type & 1 == 0 || family == 2", "0&ffffffff=2"},
		{"socket", "family == 1 && type == 1 || family == 1", "0&ffffffff=1"},
		{"kill", "!(pid & 3 == 1 || sig & 1 == 1)", "0&2=2,1&1=0 | 0&3=0,1&1=0"},
		{"kill", "!(pid != 1 && sig != 9)", "0&ffffffff=1 | 1&ffffffff=9"},
		{"clone", "flags & @CLONE_NEW == 0", "0&7e020080=0"},
		{"lseek", "offset == 5", "1&ffffffffffffffff=5"},
	} {
		if got := lowered(t, c.syscall, c.text); got != c.want {
			t.Errorf("%s: %s: got %s, want %s", c.syscall, c.text, got, c.want)
		}
	}
}

func lowered(t *testing.T, syscall, text string) string {
	t.Helper()
	list, err := Lower(mustParse(t, syscall, text), filter.AMD64)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var parts []string
	for _, c := range list {
		var matches []string
		for _, m := range c {
			matches = append(matches, fmt.Sprintf("%d&%x=%x", m.Arg, m.Mask, m.Value))
		}
		parts = append(parts, strings.Join(matches, ","))
	}
	return strings.Join(parts, " | ")
}

func TestLowerRefuses(t *testing.T) {
	var many []string
	for i := range 40 {
		many = append(many, fmt.Sprintf("(offset != %d || fd != %d)", 3*i, 5*i))
	}
	for _, c := range []struct{ syscall, text, want string }{
		{"socket", "family == 1 && family == 2", "can never hold"},
		{"socket", "family & 1 == 0 && family == 1", "can never hold"},
		{"socket", "family == 1 || family != 1", "always holds"},
		{"socket", "type & 1 in {0, 1}", "always holds"},
		{"kill", "pid != 1 && sig != 9", "more than 512 alternatives"}, // 32 times 32
		{"lseek", strings.Join(many, " && "), "more than 512 alternatives"},
		{"lseek", "offset not in {7" + spread() + "}", "more than 512 alternatives"},
	} {
		_, err := Lower(mustParse(t, c.syscall, c.text), filter.AMD64)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", c.text, err, c.want)
		}
	}
	if _, err := Lower(mustParse(t, "mmap", "flags & MAP_32BIT == 0"), filter.ARM64); err == nil {
		t.Error("a constant that arm64 lacks is lowered")
	}
	if _, err := Lower(mustParse(t, "mmap", "prot == 0"), "x"); err == nil {
		t.Error("a condition is lowered for no architecture")
	}
}

// spread gives numbers that share few prefixes.
func spread() string {
	var s strings.Builder
	for i := range uint64(12) {
		fmt.Fprintf(&s, ", %d", (i+1)*0x1357_9bdf_0246_8ace)
	}
	return s.String()
}

// No text can keep the lowering busy for long: the budget ends it.
func TestLowerIsBounded(t *testing.T) {
	var parts []string
	for i := 0; len(strings.Join(parts, "&&")) < filter.MaxExpr-40; i++ {
		parts = append(parts, fmt.Sprintf("(fd!=%d||offset!=%d)", i, i))
	}
	_, err := Lower(mustParse(t, "lseek", strings.Join(parts, "&&")), filter.AMD64)
	if !errors.Is(err, errComplex) {
		t.Errorf("got error %v, want %v", err, errComplex)
	}
}

// Lower and Eval agree on random conditions at the points where they could differ.
func TestLowerAgreesWithEval(t *testing.T) {
	g := newGenerator(7)
	able := filtertest.Conditionable()
	for range 300 {
		e := g.Condition(t, filtertest.Pick(g, able))
		for _, arch := range filter.Arches() {
			tree, err := e.Tree(arch)
			if err != nil {
				continue
			}
			list, err := Lower(e, arch)
			if err != nil {
				t.Fatal(err)
			}
			for _, args := range g.Points(tree, 200) {
				if got, want := count(list, args) > 0, filter.Eval(e, arch, args); got != want {
					t.Fatalf("%s: %s: %#x: lowered %t, meant %t", e.Syscall, e.Text, args, got, want)
				}
			}
		}
	}
}

func TestLowerIsOrdered(t *testing.T) {
	a, err := Lower(mustParse(t, "socket", "family in {1, 2, 3} && type in {1, 2}"), filter.AMD64)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Lower(mustParse(t, "socket", "type in {2, 1} && family in {3, 1, 2}"), filter.AMD64)
	if err != nil {
		t.Fatal(err)
	}
	if len(a) != 6 || !slices.EqualFunc(a, b, func(x, y Conjunction) bool { return slices.Equal(x, y) }) {
		t.Errorf("got %v and %v", a, b)
	}
}
