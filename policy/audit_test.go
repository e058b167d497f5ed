package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"casemate/policy/audit"
	"casemate/policy/compile"
	"casemate/tests/lab"
)

// exampleRun audits the examples as a person would.
func exampleRun(t *testing.T) *audit.Run {
	t.Helper()
	found, err := filepath.Glob("../examples/*.toml")
	if err != nil || len(found) == 0 {
		t.Fatal(found, err)
	}
	c := auditCall{failOn: "high", level: "immutable-host", today: "2026-11-26", accounts: &compile.Options{Passwd: "testdata/passwd", Group: "testdata/group"}}
	run, err := c.run(found)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// What the audit says of the examples.
func TestGoldenAudit(t *testing.T) {
	var b bytes.Buffer
	if err := audit.WriteText(&b, exampleRun(t)); err != nil {
		t.Fatal(err)
	}
	lab.Golden(t, *update, "testdata/golden/audit.txt", strings.ReplaceAll(b.String(), examples(t), "$EXAMPLES"))
}

// The examples pass by default, and the one that faces the network has something to say.
func TestExamplesAudited(t *testing.T) {
	run := exampleRun(t)
	if run.Failed() || run.Unproved() {
		t.Error("the examples have findings at or above high")
	}
	for _, r := range run.Reports {
		network := false
		for i := range r.Findings {
			f := &r.Findings[i]
			network = network || f.Rule.ID == "NS-002" && f.Severity == audit.Medium && f.Place.Line > 0 && f.Witness != nil
		}
		if name := filepath.Base(r.Subject.Path); network != (name == "nginx.toml" || name == "redis.toml") {
			t.Errorf("%s: NS-002: %v", name, network)
		}
	}
}
