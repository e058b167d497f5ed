package prove_test

import (
	"strings"
	"testing"

	"casemate/policy/filter"
	"casemate/policy/prove"
	"casemate/policy/replay"
)

// seeds are real programs, one of each verdict and condition, and no programs.
func seeds(f *testing.F) [][]byte {
	list := [][]byte{nil, {1, 2, 3}, made(allow), assemble(f, strings.Replace(whole, "KNOWN", known(), 1))}
	for _, name := range []string{"batch", "nginx"} {
		for _, p := range programs(f, name, example(f, name)) {
			list = append(list, p.bytes)
		}
	}
	return list
}

// Any bytes are refused, or are a program that the machine of other people takes too,
// with boxes that it agrees on. Nothing panics, and nothing takes long.
func FuzzParse(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	rules := handRules(f)
	f.Fuzz(func(t *testing.T, program []byte) {
		p, err := prove.Parse(program)
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Fatal("refused without a reason")
			}
			return
		}
		m, err := replay.New(program)
		if err != nil {
			t.Fatalf("parsed, and the machine refuses it: %v", err)
		}
		visits := 0
		err = p.Walk(prove.Everything(), func(b prove.Box, a filter.Action) bool {
			if c := b.Sample(); p.Run(c) != a || run(t, m, c) != a {
				t.Fatalf("%+v: visited as %s", c, a)
			}
			visits++
			return visits < 1000
		})
		if err != nil && err != prove.ErrComplex {
			t.Fatal(err)
		}
		for _, arch := range filter.Arches() {
			if _, err := prove.Check(arch, program, rules); err != nil {
				if _, wrong := err.(*prove.Mismatch); wrong {
					confirmed(t, program, rules, err)
				}
			}
		}
	})
}

// One call: the machine, the concrete evaluation, and the one box of a walk that it is in.
func FuzzWalk(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s, uint32(10), filter.AMD64.AuditArch(), uint64(4), uint64(1)<<32, uint64(0))
	}
	f.Fuzz(func(t *testing.T, program []byte, nr, arch uint32, a, b, ip uint64) {
		p, err := prove.Parse(program)
		if err != nil {
			return
		}
		c := filter.Call{NR: nr, Arch: arch, IP: ip, Args: [filter.MaxArgs]uint64{a, b, a ^ b, b, a, a &^ b}}
		want := run(t, machine(t, program), c)
		if got := p.Run(c); got != want {
			t.Fatalf("%+v: %s, the machine says %s", c, got, want)
		}
		in := prove.Everything().With(prove.NR, prove.Values(nr, nr+1)).With(prove.Arch, prove.Values(arch)).With(prove.ArgLow(1), prove.Values(uint32(b)))
		found := 0
		err = p.Walk(in, func(box prove.Box, action filter.Action) bool {
			if box.Contains(c) {
				found++
				if action != want {
					t.Fatalf("%+v: in a box of %s, the machine says %s", c, action, want)
				}
			}
			return true
		})
		if err != nil && err != prove.ErrComplex || err == nil && found != 1 {
			t.Fatalf("%+v: in %d boxes, %v", c, found, err)
		}
	})
}
