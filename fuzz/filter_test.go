package fuzz

import (
	"bytes"
	"path/filepath"
	"testing"

	"casemate/internal/sealed"
	"casemate/policy/compile"
	"casemate/policy/filter"
	"casemate/policy/prove"
)

// FuzzSealedFilter puts any bytes in the place of a filter: what the evaluator reads can
// be sealed, comes back the same, and is walked in bounded time; what cannot be sealed,
// the evaluator does not read.
func FuzzSealedFilter(f *testing.F) {
	examples, err := filepath.Glob("../examples/*.toml")
	if err != nil || len(examples) == 0 {
		f.Fatal("no examples", err)
	}
	policies := map[string]*sealed.Policy{}
	for _, e := range examples {
		r, err := compile.Compile(e, compile.Options{Passwd: "../tests/testdata/passwd", Group: "../tests/testdata/group"})
		if err != nil {
			f.Fatal(err)
		}
		policies[e] = r.Policy
		for _, made := range r.Policy.Filters {
			f.Add(made.Program)
		}
	}
	host := *policies[examples[0]]
	f.Fuzz(func(t *testing.T, program []byte) {
		p := host
		p.Filters = []sealed.Filter{{Arch: sealed.ArchAMD64, Program: program, By: "fuzz"}}
		b, sealErr := sealed.Encode(&p, nil)
		read, parseErr := prove.Parse(program)
		if sealErr != nil {
			if parseErr == nil {
				t.Fatalf("read, and cannot be sealed: %v", sealErr)
			}
			return
		}
		file, err := sealed.Decode(b)
		if err != nil || !bytes.Equal(file.Policy.Filters[0].Program, program) {
			t.Fatalf("sealed, and does not come back: %v", err)
		}
		if parseErr != nil {
			return
		}
		visits := 0
		err = read.Walk(prove.Everything(), func(b prove.Box, a filter.Action) bool {
			if got := read.Run(b.Sample()); got != a {
				t.Fatalf("%+v: %s in a box of %s", b.Sample(), got, a)
			}
			visits++
			return visits < 1000
		})
		if err != nil && err != prove.ErrComplex {
			t.Fatal(err)
		}
	})
}
