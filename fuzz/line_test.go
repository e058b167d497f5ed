// Package fuzz holds the targets that cross rooms; a target for one decoder lies
// beside it. Seeds run as unit tests; fuzz/run.sh runs all targets for longer.
package fuzz

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"casemate/internal/exit"
	"casemate/internal/facts"
	"casemate/internal/launch"
	"casemate/internal/plan"
	"casemate/internal/render"
	"casemate/internal/sealed"
	"casemate/policy/compile"
)

// FuzzWholeLine takes any text through the whole line up to the clone: it is refused
// with an error, or it seals to bytes that decode to the same bytes, and lowers to a
// plan that prints and renders, or to a lack of the host's.
func FuzzWholeLine(f *testing.F) {
	examples, err := filepath.Glob("../examples/*.toml")
	if err != nil || len(examples) == 0 {
		f.Fatal("no examples", err)
	}
	for _, e := range examples {
		text, err := os.ReadFile(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	host := recorded(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		source := filepath.Join(t.TempDir(), "fuzz.toml")
		if err := os.WriteFile(source, text, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := compile.Compile(source, compile.Options{Passwd: "../tests/testdata/passwd", Group: "../tests/testdata/group"})
		if err != nil {
			return
		}
		b, err := sealed.Encode(r.Policy, nil)
		if err != nil {
			t.Fatalf("compiled, and cannot be sealed: %v", err)
		}
		file, err := sealed.Decode(b)
		if err != nil {
			t.Fatalf("sealed, and cannot be decoded: %v", err)
		}
		if again, err := sealed.Encode(file.Policy, nil); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("decoded, and encodes to other bytes: %v", err)
		}
		lowered(t, file.Policy, host)
	})
}

// lowered checks the plan of a policy.
func lowered(t *testing.T, p *sealed.Policy, host *facts.Facts) {
	out, err := launch.Lower(p, host)
	if err != nil {
		if code := exit.CodeOf(err); code != exit.Lacking && code != exit.Usage {
			t.Fatalf("lowering: %v (exit %d)", err, code)
		}
		return
	}
	var text bytes.Buffer
	if err := plan.Print(&text, out, launch.Reasons()); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range out.Opens {
		names = append(names, o.Slot)
	}
	if _, err := render.Plan(out.Steps, names); err != nil {
		t.Fatalf("the plan does not render: %v", err)
	}
	if last := out.Steps[len(out.Steps)-1]; last.Op != plan.Execveat {
		t.Fatalf("the plan ends with %s", last)
	}
}

// recorded are the facts of a host that has everything.
func recorded(f *testing.F) *facts.Facts {
	b, err := os.ReadFile("../tests/testdata/facts.json")
	host := new(facts.Facts)
	if err := errors.Join(err, json.Unmarshal(b, host)); err != nil {
		f.Fatal(err)
	}
	return host
}
