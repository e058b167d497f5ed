package fuzz

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"casemate/internal/facts"
	"casemate/internal/sealed"
	"casemate/policy/compile"
)

// FuzzFacts takes any record of a host, as casemate plan --facts reads it, and lowers a
// policy for it: the policy's plan, or a lack in words; and what was read prints to what
// reads the same.
func FuzzFacts(f *testing.F) {
	hosts, err := filepath.Glob("../internal/launch/testdata/facts/*.json")
	if err != nil || len(hosts) == 0 {
		f.Fatal("no recorded hosts", err)
	}
	for _, name := range append(hosts, "../tests/testdata/facts.json") {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"cap_bounding": "ffffffffffffffff", "cap_last_cap": 255, "null_descriptors": [-1, 3, 4096], "paths": {"": "", "/proc/../x": "dir"}}`))
	examples, err := filepath.Glob("../examples/*.toml")
	if err != nil || len(examples) == 0 {
		f.Fatal("no examples", err)
	}
	var policies []*sealed.Policy
	for _, e := range examples {
		r, err := compile.Compile(e, compile.Options{Passwd: "../tests/testdata/passwd", Group: "../tests/testdata/group"})
		if err != nil {
			f.Fatal(err)
		}
		policies = append(policies, r.Policy)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		host := new(facts.Facts)
		if d.Decode(host) != nil {
			return
		}
		for _, p := range policies {
			lowered(t, p, host)
		}
		printed, err := json.Marshal(host)
		if err != nil {
			t.Fatal(err)
		}
		again := new(facts.Facts)
		if err := json.Unmarshal(printed, again); err != nil {
			t.Fatal(err)
		}
		if second, err := json.Marshal(again); err != nil || !bytes.Equal(printed, second) {
			t.Fatalf("%s became %s, %v", printed, second, err)
		}
	})
}
