package seccomp

import (
	"maps"
	"slices"
	"testing"
)

// foreign are architectures, numbers and ABIs that no rule may reach.
func foreign(arch Arch) []Call {
	var list []Call
	for _, audit := range []uint32{0, 0xffffffff, 0x40000003, 0xc000003e, 0xc00000b7, 0x40000028, 0x8000003e} {
		for _, nr := range []uint32{0, 1, 41, 57, 435} {
			list = append(list, Call{NR: nr, Arch: audit})
		}
	}
	for nr := uint32(0); nr < 600; nr++ {
		list = append(list, Call{NR: x32Bit + nr, Arch: arch.AuditArch()})
	}
	for _, nr := range []uint32{0xffffffff, 0xfffffffe, 0x80000000, 0x7fffffff, 0x3fffffff, 1 << 16, 1024} {
		list = append(list, Call{NR: nr, Arch: arch.AuditArch()})
	}
	return list
}

// agree compares a program with what its rules mean, on every number from 0 to
// 1023 and on all that is foreign.
func agree(t *testing.T, g generator, arch Arch, r Rules, points int) {
	t.Helper()
	program, err := Compile(arch, r)
	if err != nil {
		t.Fatalf("%s: %v", arch, err)
	}
	m := newMachine(t, program)
	calls := foreign(arch)
	for nr := range uint32(1024) {
		calls = append(calls, g.calls(arch, r, nr, points)...)
	}
	for _, c := range calls {
		if got, want := m.run(t, c), r.Decide(arch, c); got != want {
			name, _ := Name(arch, int(c.NR))
			t.Errorf("%s: %s(%#x): the program says %s, the rules %s", arch, name, c, got, want)
			if e := r.Allow[name].When; e != nil {
				t.Errorf("condition: %s", e.Text)
			}
			return
		}
	}
}

func TestRandomRules(t *testing.T) {
	rounds := 60
	if testing.Short() {
		rounds = 6
	}
	for seed := range uint64(rounds) {
		g := newGenerator(seed)
		r := g.rules(t, 1+g.IntN(120))
		for _, arch := range arches {
			agree(t, g, arch, r, 200)
		}
		if t.Failed() {
			t.Fatalf("seed %d: allow %v", seed, slices.Sorted(maps.Keys(r.Allow)))
		}
	}
}
