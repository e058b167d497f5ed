package seccomp

import (
	"maps"
	"slices"
	"testing"

	"casemate/policy/filter"
	"casemate/policy/filtertest"
)

// foreign are architectures, numbers and ABIs that no rule may reach.
func foreign(arch filter.Arch) []filter.Call {
	var list []filter.Call
	for _, audit := range []uint32{0, 0xffffffff, 0x40000003, 0xc000003e, 0xc00000b7, 0x40000028, 0x8000003e} {
		for _, nr := range []uint32{0, 1, 41, 57, 435} {
			list = append(list, filter.Call{NR: nr, Arch: audit})
		}
	}
	for nr := uint32(0); nr < 600; nr++ {
		list = append(list, filter.Call{NR: filter.X32Bit + nr, Arch: arch.AuditArch()})
	}
	for _, nr := range []uint32{0xffffffff, 0xfffffffe, 0x80000000, 0x7fffffff, 0x3fffffff, 1 << 16, 1024} {
		list = append(list, filter.Call{NR: nr, Arch: arch.AuditArch()})
	}
	return list
}

// agree compares the programs of rules with what these mean, on every number from 0
// to 1023 and on all that is foreign.
func agree(t *testing.T, g filtertest.Generator, arch filter.Arch, r filter.Rules, points int) {
	t.Helper()
	calls := foreign(arch)
	for nr := range uint32(1024) {
		calls = append(calls, g.Calls(arch, r, nr, points)...)
	}
	for _, p := range mustCompile(t, arch, r) {
		agrees(t, p, arch, r, calls)
	}
}

func agrees(t *testing.T, p Program, arch filter.Arch, r filter.Rules, calls []filter.Call) {
	t.Helper()
	m := newMachine(t, p.Bytes)
	for _, c := range calls {
		if got, want := m.run(t, c), r.Decide(arch, c); got != want {
			name, _ := filter.Name(arch, int(c.NR))
			t.Errorf("%s: %s(%#x): the program by %s says %s, the rules %s", arch, name, c, p.By, got, want)
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
		r := g.Rules(t, 1+g.IntN(120))
		for _, arch := range filter.Arches() {
			agree(t, g, arch, r, 200)
		}
		if t.Failed() {
			t.Fatalf("seed %d: allow %v", seed, slices.Sorted(maps.Keys(r.Allow)))
		}
	}
}

// libseccomp joins the conjunctions of one system call into a tree: here they lie
// on top of one another as densely as masks of few bits allow, in both halves of
// the arguments, and every argument that can matter is tried.
func TestRandomConjunctions(t *testing.T) {
	bits := []uint64{1, 2, 4, 1 << 31, 1 << 32, 1 << 63}
	rounds := 150
	if testing.Short() {
		rounds = 15
	}
	for seed := range uint64(rounds) {
		g := newGenerator(seed)
		var list []Conjunction
		for range 1 + g.IntN(25) {
			var c Conjunction
			for arg := range 3 {
				var m Match
				for _, b := range bits {
					switch g.IntN(4) {
					case 0:
						m.Mask |= b
					case 1:
						m.Mask |= b
						m.Value |= b
					}
				}
				if m.Arg = arg; m.Mask != 0 && g.IntN(3) > 0 {
					c = append(c, m)
				}
			}
			if c != nil {
				list = append(list, c)
			}
		}
		if list = absorb(list); list == nil {
			continue
		}
		nr, _ := filter.Number(filter.AMD64, "kcmp")
		v := verdict{name: "kcmp", nr: nr, action: filter.ActionAllow, when: list}
		program, err := body(filter.AMD64, filter.ActionEPERM, filter.ActionKillProcess, []verdict{v}, optimize)
		if err != nil {
			t.Fatal(err)
		}
		m := newMachine(t, encode(program))
		for range 4000 {
			var args [filter.MaxArgs]uint64
			for i := range 3 {
				for _, b := range bits {
					args[i] |= b * g.Uint64N(2)
				}
			}
			want := filter.ActionEPERM
			if count(list, args) > 0 {
				want = filter.ActionAllow
			}
			if got := m.run(t, filter.Call{NR: uint32(nr), Arch: filter.AMD64.AuditArch(), Args: args}); got != want {
				t.Fatalf("seed %d: %v: %#x: %s, want %s", seed, list, args, got, want)
			}
		}
	}
}
