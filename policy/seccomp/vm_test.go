package seccomp

import (
	"testing"

	"casemate/policy/filter"
	"casemate/policy/filtertest"
	"casemate/policy/replay"
)

// machine runs programs in a BPF machine that shares nothing with this package,
// libseccomp or the kernel.
type machine struct{ replay.Machine }

func newMachine(t testing.TB, program []byte) machine {
	t.Helper()
	m, err := replay.New(program)
	if err != nil {
		t.Fatal(err)
	}
	return machine{m}
}

// run gives the verdict.
func (m machine) run(t testing.TB, c filter.Call) filter.Action {
	t.Helper()
	got, err := m.Run(c)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// newGenerator gives one whose conditions are small enough for some dozens to share a
// program.
func newGenerator(seed uint64) filtertest.Generator {
	g := filtertest.New(seed)
	g.Usable = func(e *filter.Expr) bool {
		for _, arch := range filter.Arches() {
			if _, here := filter.Number(arch, e.Syscall); here {
				if list, err := Lower(e, arch); err != nil || len(list) > 20 {
					return false
				}
			}
		}
		return true
	}
	return g
}
