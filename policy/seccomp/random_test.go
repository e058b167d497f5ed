package seccomp

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"casemate/policy/filter"
)

// generator writes random conditions and rules. The same seed gives the same ones.
type generator struct{ *rand.Rand }

func newGenerator(seed uint64) generator { return generator{rand.New(rand.NewPCG(seed, 1))} }

func pick[T any](g generator, list []T) T { return list[g.IntN(len(list))] }

// conditionable lists the system calls that have an argument to compare and that
// libseccomp knows wherever they exist.
func conditionable(t testing.TB) []string {
	t.Helper()
	var list []string
	for _, name := range filter.Names() {
		ok := false
		for _, arch := range filter.Arches() {
			nr, here := filter.Number(arch, name)
			if !here {
				continue
			}
			known, err := libraryKnows(arch, name, nr)
			if err != nil {
				t.Fatal(err)
			}
			ok = known && slices.ContainsFunc(filter.Args(arch, name), func(a filter.Arg) bool { return !a.Pointer })
		}
		if ok {
			list = append(list, name)
		}
	}
	return list
}

// condition writes a condition that parses, is not refused as trivial and is small
// enough for some dozens to share a program.
func (g generator) condition(t testing.TB, syscall string) *filter.Expr {
	t.Helper()
	for range 1000 {
		e, err := filter.ParseExpr(syscall, g.text(syscall, 2))
		if err != nil {
			continue
		}
		ok := true
		for _, arch := range filter.Arches() {
			if _, here := filter.Number(arch, syscall); here {
				list, err := Lower(e, arch)
				ok = ok && err == nil && len(list) <= 20
			}
		}
		if ok {
			return e
		}
	}
	t.Fatalf("no usable condition for %s in 1000", syscall)
	return nil
}

func (g generator) text(syscall string, depth int) string {
	switch n := g.IntN(10); {
	case depth > 0 && n < 3:
		return g.text(syscall, depth-1) + " && " + g.text(syscall, depth-1)
	case depth > 0 && n < 5:
		return "(" + g.text(syscall, depth-1) + " || " + g.text(syscall, depth-1) + ")"
	case depth > 0 && n < 6:
		return "!(" + g.text(syscall, depth-1) + ")"
	}
	return g.comparison(syscall)
}

func (g generator) comparison(syscall string) string {
	arch := filter.AMD64
	if _, ok := filter.Number(arch, syscall); !ok {
		arch = filter.ARM64
	}
	args := slices.DeleteFunc(slices.Clone(filter.Args(arch, syscall)), func(a filter.Arg) bool { return a.Pointer })
	a := pick(g, args)
	left := a.Names[0]
	mask := a.Mask()
	if g.IntN(2) == 0 {
		mask = g.number(a)
		left += fmt.Sprintf(" & %#x", mask)
	}
	value := func() string { return fmt.Sprint(g.number(a) & mask) }
	op := pick(g, filter.Ops())
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
func (g generator) number(a filter.Arg) uint64 {
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

// rules makes up rules of about n system calls.
func (g generator) rules(t testing.TB, n int) filter.Rules {
	t.Helper()
	denials := []filter.Action{filter.ActionEPERM, filter.ActionEACCES, filter.ActionENOSYS, filter.ActionKillProcess}
	r := filter.Rules{Default: pick(g, denials), Unknown: pick(g, denials), BadArch: pick(g, denials), Allow: map[string]filter.Rule{}, Kill: map[string]string{}}
	names, able := filter.Names(), conditionable(t)
	for range n {
		switch g.IntN(4) {
		case 0:
			name := pick(g, able)
			r.Allow[name] = filter.Rule{When: g.condition(t, name), At: "random:1"}
			delete(r.Kill, name)
		case 1:
			name := pick(g, names)
			r.Kill[name] = "random:2"
			delete(r.Allow, name)
		default:
			name := pick(g, names)
			r.Allow[name] = filter.Rule{At: "random:3"}
			delete(r.Kill, name)
		}
	}
	return r
}

// interesting gives numbers at which a condition may change its mind: all that
// it compares with, one off, one bit off, each also with garbage above the width.
func interesting(n filter.Node) []uint64 {
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

// calls gives calls of one number that are worth a look under the rules.
func (g generator) calls(arch filter.Arch, r filter.Rules, nr uint32, n int) []filter.Call {
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
	for _, args := range g.points(tree, n) {
		list = append(list, filter.Call{NR: nr, Arch: arch.AuditArch(), Args: args})
	}
	return list
}

// points gives arguments made of interesting numbers, some with a bit off or with
// garbage in the high word.
func (g generator) points(n filter.Node, count int) [][filter.MaxArgs]uint64 {
	numbers := interesting(n)
	list := make([][filter.MaxArgs]uint64, count)
	for i := range list {
		args := &list[i]
		for j := range args {
			args[j] = pick(g, numbers)
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
