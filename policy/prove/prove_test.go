package prove_test

import (
	"fmt"
	"testing"

	"casemate/policy/filter"
	"casemate/policy/filtertest"
	"casemate/policy/prove"
)

// Examples and random rules are proved, whichever compiler made the program.
func TestCheckAccepts(t *testing.T) {
	all, err := exampleRules()
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range all {
		for _, p := range programs(t, name, r) {
			if _, err := prove.Check(p.arch, p.bytes, p.rules); err != nil {
				t.Errorf("%s: %v", p.name, err)
			}
		}
	}
	for seed := range uint64(40) {
		g := small(seed)
		for _, p := range programs(t, fmt.Sprint("seed ", seed), g.Rules(t, 1+g.IntN(150))) {
			if _, err := prove.Check(p.arch, p.bytes, p.rules); err != nil {
				t.Errorf("%s: %v", p.name, err)
			}
		}
	}
}

// What is proved for one architecture or one policy is not for another.
func TestCheckTellsRulesApart(t *testing.T) {
	for seed := range uint64(30) {
		g := small(seed)
		r := g.Rules(t, 40)
		list := programs(t, "", r)
		other := g.Rules(t, 40)
		other.Allow["uname"] = filter.Rule{At: "other"}
		delete(r.Allow, "uname")
		for _, p := range list {
			c, ok := mismatch(t, p.arch, p.bytes, other)
			if !ok || c.Declared != other.Decide(p.arch, c.Call) {
				t.Errorf("%s: taken for a program of other rules", p.name)
			}
			for _, arch := range filter.Arches() {
				if _, ok := mismatch(t, arch, p.bytes, p.rules); !ok && arch != p.arch {
					t.Errorf("%s: taken for a program for %s", p.name, arch)
				}
			}
		}
	}
}

// mismatch gives what Check finds wrong, which the machine of other people must see
// too, and the interpreter of the rules.
func mismatch(t testing.TB, arch filter.Arch, program []byte, r filter.Rules) (*prove.Mismatch, bool) {
	t.Helper()
	_, err := prove.Check(arch, program, r)
	return confirmed(t, program, r, err)
}

func confirmed(t testing.TB, program []byte, r filter.Rules, err error) (*prove.Mismatch, bool) {
	t.Helper()
	m, ok := err.(*prove.Mismatch)
	if !ok {
		if err != nil {
			t.Fatalf("not a mismatch: %v", err)
		}
		return nil, false
	}
	got, want := run(t, machine(t, program), m.Call), r.Decide(m.Arch, m.Call)
	if got != m.Compiled || want != m.Declared || got == want {
		t.Fatalf("%v: the machine says %s, the rules %s", m, got, want)
	}
	return m, true
}

// manyRules are about 300 rules with 60 conditions.
func manyRules(t testing.TB) filter.Rules {
	g := small(1)
	r := g.Rules(t, 0)
	names := filter.Names()
	g.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names[:300] {
		r.Allow[name] = filter.Rule{At: "many:1"}
	}
	able := filtertest.Conditionable()
	g.Shuffle(len(able), func(i, j int) { able[i], able[j] = able[j], able[i] })
	for _, name := range able[:60] {
		r.Allow[name] = filter.Rule{When: g.Condition(t, name), At: "many:2"}
	}
	return r
}

// The work of a proof is counted, not timed: it does not grow unseen.
func TestStepsOfAProof(t *testing.T) {
	for _, c := range []struct {
		name  string
		rules filter.Rules
		most  int
	}{{"batch", example(t, "batch"), 20_000}, {"nginx", example(t, "nginx"), 20_000}, {"300 rules", manyRules(t), 30_000}} {
		for _, p := range programs(t, c.name, c.rules) {
			proof, err := prove.Check(p.arch, p.bytes, p.rules)
			if err != nil {
				t.Errorf("%s: %v", p.name, err)
				continue
			}
			t.Logf("%s: %+v", p.name, *proof)
			if proof.Steps > c.most {
				t.Errorf("%s: %d steps, at most %d are expected", p.name, proof.Steps, c.most)
			}
		}
	}
}

func benchmarkProve(b *testing.B, name string, r filter.Rules) {
	for _, p := range programs(b, name, r) {
		b.Run(p.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := prove.Check(p.arch, p.bytes, p.rules); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkProveDefault(b *testing.B) { benchmarkProve(b, "batch", example(b, "batch")) }
func BenchmarkProve300(b *testing.B)     { benchmarkProve(b, "300 rules", manyRules(b)) }

// The walk that audit and diff take.
func BenchmarkWalk300(b *testing.B) {
	for _, p := range programs(b, "300 rules", manyRules(b)) {
		b.Run(p.name, func(b *testing.B) {
			for b.Loop() {
				if err := parsed(b, p.bytes).Walk(prove.Everything(), func(prove.Box, filter.Action) bool { return true }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Rules that have no meaning are no reason for a proof.
func TestDeclareRefuses(t *testing.T) {
	r := handRules(t)
	if _, err := prove.Declare("mips", r); err == nil || err.Error() != `architecture "mips": no rules can be declared for it` {
		t.Errorf("another architecture: %v", err)
	}
	r.Allow["close"] = r.Allow["lseek"]
	if _, err := prove.Declare(filter.AMD64, r); err == nil || err.Error() != "the condition of close (p.toml:3) for amd64: it was parsed for lseek" {
		t.Errorf("the condition of another call: %v", err)
	}
	e, err := filter.ParseExpr("mmap", "flags & MAP_32BIT == 0")
	if err != nil {
		t.Fatal(err)
	}
	r = handRules(t)
	r.Allow["mmap"] = filter.Rule{When: e, At: "p.toml:4"}
	if _, err := prove.Declare(filter.ARM64, r); err == nil {
		t.Error("a condition without a meaning on arm64 was declared")
	}
}
