package prove_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"casemate/policy/compile"
	"casemate/policy/filter"
	"casemate/policy/filtertest"
	"casemate/policy/prove"
	"casemate/policy/replay"
	"casemate/policy/seccomp"
)

// compiled is a program of one of the compilers and what it was made from.
type compiled struct {
	name  string
	arch  filter.Arch
	rules filter.Rules
	bytes []byte
}

// programs compiles rules for all architectures with all compilers.
func programs(t testing.TB, name string, r filter.Rules) []compiled {
	t.Helper()
	var list []compiled
	for _, arch := range filter.Arches() {
		made, err := seccomp.Compile(arch, r)
		if err != nil {
			t.Fatalf("%s for %s: %v", name, arch, err)
		}
		for _, p := range made {
			by, _, _ := strings.Cut(p.By, " ")
			list = append(list, compiled{fmt.Sprintf("%s for %s by %s", name, arch, by), arch, r, p.Bytes})
		}
	}
	return list
}

// exampleRules are those of the policies in examples/, by their names.
var exampleRules = sync.OnceValues(func() (map[string]filter.Rules, error) {
	paths, err := filepath.Glob("../../examples/*.toml")
	rules := map[string]filter.Rules{}
	for _, path := range paths {
		r, err := compile.Compile(path, compile.Options{Passwd: "../../tests/testdata/passwd", Group: "../../tests/testdata/group"})
		if err != nil {
			return nil, err
		}
		rules[strings.TrimSuffix(filepath.Base(path), ".toml")] = r.Rules
	}
	return rules, err
})

// example gives the rules of one example.
func example(t testing.TB, name string) filter.Rules {
	t.Helper()
	all, err := exampleRules()
	if err != nil {
		t.Fatal(err)
	}
	r, ok := all[name]
	if !ok {
		t.Fatalf("no example %s", name)
	}
	return r
}

// small gives a generator of conditions small enough for many to share a program.
func small(seed uint64) filtertest.Generator {
	g := filtertest.New(seed)
	g.Usable = func(e *filter.Expr) bool {
		for _, arch := range filter.Arches() {
			if _, here := filter.Number(arch, e.Syscall); here {
				if list, err := seccomp.Lower(e, arch); err != nil || len(list) > 10 {
					return false
				}
			}
		}
		return true
	}
	return g
}

func parsed(t testing.TB, program []byte) *prove.Program {
	t.Helper()
	p, err := prove.Parse(program)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func machine(t testing.TB, program []byte) replay.Machine {
	t.Helper()
	m, err := replay.New(program)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func run(t testing.TB, m replay.Machine, c filter.Call) filter.Action {
	t.Helper()
	got, err := m.Run(c)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// numbers are those at which an architecture's table or ABI changes, and their
// neighbours.
func numbers(arch filter.Arch) []uint32 {
	list := []uint32{0xffffffff, 0xfffffffe, 0x80000000, 0x7fffffff, filter.X32Bit - 1, filter.X32Bit, filter.X32Bit + 1, filter.X32Bit + 512, 1 << 16, 1023}
	for _, nr := range filter.Numbers(arch) {
		list = append(list, uint32(nr), uint32(nr)+1)
	}
	return list
}

// architectures are ours, those of others, and none.
var architectures = []uint32{filter.AMD64.AuditArch(), filter.ARM64.AuditArch(), 0, 0xffffffff, 0x40000003, 0x40000028, 0x8000003e, 0xc000003f}
