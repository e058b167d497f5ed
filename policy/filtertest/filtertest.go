// Package filtertest makes up conditions, rules and calls for the tests of whoever makes
// or judges filters. It imports policy/filter alone; no program links it.
package filtertest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"casemate/policy/filter"
)

// Generator writes random conditions and rules. The same seed gives the same ones.
type Generator struct {
	*rand.Rand
	// Usable, where it is set, says which conditions a test can do with.
	Usable func(*filter.Expr) bool
}

// New gives a generator.
func New(seed uint64) Generator { return Generator{Rand: rand.New(rand.NewPCG(seed, 1))} }

// Pick gives one of the list.
func Pick[T any](g Generator, list []T) T { return list[g.IntN(len(list))] }

// Conditionable lists the system calls that have an argument to compare.
func Conditionable() []string {
	return slices.DeleteFunc(filter.Names(), func(name string) bool {
		for _, arch := range filter.Arches() {
			if slices.ContainsFunc(filter.Args(arch, name), func(a filter.Arg) bool { return !a.Pointer }) {
				return false
			}
		}
		return true
	})
}

// Condition writes a condition that parses and is usable.
func (g Generator) Condition(t testing.TB, syscall string) *filter.Expr {
	t.Helper()
	for range 1000 {
		e, err := filter.ParseExpr(syscall, g.Text(syscall, 2))
		if err == nil && (g.Usable == nil || g.Usable(e)) {
			return e
		}
	}
	t.Fatalf("no usable condition for %s in 1000", syscall)
	return nil
}

// Text writes a condition, which may be refused as one that holds always or never.
func (g Generator) Text(syscall string, depth int) string {
	switch n := g.IntN(10); {
	case depth > 0 && n < 3:
		return g.Text(syscall, depth-1) + " && " + g.Text(syscall, depth-1)
	case depth > 0 && n < 5:
		return "(" + g.Text(syscall, depth-1) + " || " + g.Text(syscall, depth-1) + ")"
	case depth > 0 && n < 6:
		return "!(" + g.Text(syscall, depth-1) + ")"
	}
	return g.comparison(syscall)
}

func (g Generator) comparison(syscall string) string {
	arch := filter.AMD64
	if _, ok := filter.Number(arch, syscall); !ok {
		arch = filter.ARM64
	}
	args := slices.DeleteFunc(slices.Clone(filter.Args(arch, syscall)), func(a filter.Arg) bool { return a.Pointer })
	a := Pick(g, args)
	left := a.Names[0]
	mask := a.Mask()
	if g.IntN(2) == 0 {
		mask = g.number(a)
		left += fmt.Sprintf(" & %#x", mask)
	}
	value := func() string { return fmt.Sprint(g.number(a) & mask) }
	op := Pick(g, filter.Ops())
	if !strings.HasSuffix(op, "in") {
		return left + " " + op + " " + value()
	}
	var set []string
	for range 1 + g.IntN(4) {
		set = append(set, value())
	}
	return left + " " + op + " {" + strings.Join(set, ", ") + "}"
}

// number gives small numbers, single bits, all bits and anything, on a's width.
func (g Generator) number(a filter.Arg) uint64 {
	var v uint64
	switch g.IntN(5) {
	case 0:
		v = g.Uint64N(16)
	case 1:
		v = 1 << g.UintN(a.Width)
	case 2:
		v = 1<<g.UintN(a.Width) - 1
	case 3:
		v = ^uint64(0) << g.UintN(a.Width)
	case 4:
		v = g.Uint64()
	}
	return v & a.Mask()
}

// Rules makes up rules of about n system calls.
func (g Generator) Rules(t testing.TB, n int) filter.Rules {
	t.Helper()
	denials := []filter.Action{filter.ActionEPERM, filter.ActionEACCES, filter.ActionENOSYS, filter.ActionKillProcess}
	r := filter.Rules{Default: Pick(g, denials), Unknown: Pick(g, denials), BadArch: Pick(g, denials), Allow: map[string]filter.Rule{}, Kill: map[string]string{}}
	names, able := filter.Names(), Conditionable()
	for range n {
		switch g.IntN(4) {
		case 0:
			name := Pick(g, able)
			r.Allow[name] = filter.Rule{When: g.Condition(t, name), At: "random:1"}
			delete(r.Kill, name)
		case 1:
			name := Pick(g, names)
			r.Kill[name] = "random:2"
			delete(r.Allow, name)
		default:
			name := Pick(g, names)
			r.Allow[name] = filter.Rule{At: "random:3"}
			delete(r.Kill, name)
		}
	}
	return r
}

// Interesting gives numbers at which a condition may change its mind: all that
// it compares with, one off, one bit off, each also with garbage above the width.
func Interesting(n filter.Node) []uint64 {
	list := []uint64{0, 1, ^uint64(0), 1 << 31, 1 << 32, 0xffffffff}
	var walk func(filter.Node)
	walk = func(n filter.Node) {
		switch n := n.(type) {
		case *filter.All:
			for _, of := range n.Of {
				walk(of)
			}
		case *filter.Any:
			for _, of := range n.Of {
				walk(of)
			}
		case *filter.Not:
			walk(n.Of)
		case *filter.Compare:
			for _, v := range n.Values {
				list = append(list, v, v-1, v+1, v|^n.Mask, v|^n.Arg.Mask(), v|n.Mask, v&n.Mask-1)
				for bit := range n.Arg.Width {
					list = append(list, v^1<<bit)
				}
			}
		}
	}
	walk(n)
	return list
}

// Calls gives calls of one number that are worth a look under the rules.
func (g Generator) Calls(arch filter.Arch, r filter.Rules, nr uint32, n int) []filter.Call {
	list := []filter.Call{{NR: nr, Arch: arch.AuditArch()}}
	name, _ := filter.Name(arch, int(nr))
	rule := r.Allow[name]
	if rule.When == nil {
		c := list[0]
		for i := range c.Args {
			c.Args[i] = g.Uint64()
		}
		return append(list, c)
	}
	tree, err := rule.When.Tree(arch)
	if err != nil {
		return list
	}
	for _, args := range g.Points(tree, n) {
		list = append(list, filter.Call{NR: nr, Arch: arch.AuditArch(), Args: args})
	}
	return list
}

// Points gives arguments made of interesting numbers, some with a bit off or with
// garbage in the high word.
func (g Generator) Points(n filter.Node, count int) [][filter.MaxArgs]uint64 {
	numbers := Interesting(n)
	list := make([][filter.MaxArgs]uint64, count)
	for i := range list {
		args := &list[i]
		for j := range args {
			args[j] = Pick(g, numbers)
			switch g.IntN(4) {
			case 0:
				args[j] ^= 1 << g.UintN(64)
			case 1:
				args[j] |= g.Uint64() << 32
			}
		}
	}
	return list
}
