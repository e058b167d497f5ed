package diff

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"casemate/policy/report"
	"casemate/policy/sariftest"
)

type sarifLog struct {
	Runs []struct {
		Tool struct {
			Driver struct{ Rules []struct{ ID string } }
		}
		Results []struct {
			RuleID, Level       string
			RuleIndex           int
			PartialFingerprints map[string]string
		}
	}
}

// TestSARIF: the log is what the standard says, one result for each change, ranked by
// whether it fails the build, the same from run to run wherever the lines are.
func TestSARIF(t *testing.T) {
	s := sariftest.Schema(t)
	for _, e := range edits {
		old, new := full(), full()
		e.make(new)
		r := compare(t, old, new)
		log := sarif(t, r)
		if err := s.Validate(sariftest.Document(t, log)); err != nil {
			t.Errorf("%s: %v", e.name, err)
		}
		var l sarifLog
		if err := json.Unmarshal(log, &l); err != nil {
			t.Fatal(err)
		}
		run := l.Runs[0]
		if len(run.Results) != len(r.Changes) || len(run.Tool.Driver.Rules) != len(dimensions) {
			t.Errorf("%s: %d results, %d rules", e.name, len(run.Results), len(run.Tool.Driver.Rules))
		}
		var prints []string
		for i, result := range run.Results {
			if run.Tool.Driver.Rules[result.RuleIndex].ID != result.RuleID || (result.Level == "error") == r.Changes[i].Order.Passes() {
				t.Errorf("%s: %+v", e.name, result)
			}
			prints = append(prints, result.PartialFingerprints["casemate/v1"])
		}
		if slices.Sort(prints); len(slices.Compact(prints)) != len(run.Results) {
			t.Errorf("%s: two changes have one fingerprint", e.name)
		}
		for i := range r.Changes {
			r.Changes[i].NewAt, r.Changes[i].OldAt = "moved.toml:99", "moved.toml:98"
			if moved := r.Changes[i].fingerprint(r.Service); !slices.Contains(prints, moved) {
				t.Errorf("%s: the fingerprint moves with the line", e.name)
			}
		}
	}
}

func sarif(t *testing.T, r *Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := r.SARIF(&b, "1"); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPlace(t *testing.T) {
	r := &Report{New: "etc/new.toml"}
	for at, want := range map[string]report.Place{
		"": {File: "etc/new.toml"}, "default": {File: "etc/new.toml"}, "base/daemon:7": {File: "etc/new.toml"}, "base/daemon:7 @io": {File: "etc/new.toml"},
		"new.toml:3": {File: "etc/new.toml", Line: 3}, "new.toml:3 @io": {File: "etc/new.toml", Line: 3}, "own.toml:4": {File: "etc/own.toml", Line: 4},
		"etc/new.toml:3:9": {File: "etc/new.toml", Line: 3, Col: 9}, "/abs/new.toml:3:9": {File: "/abs/new.toml", Line: 3, Col: 9},
		"new.toml:0": {File: "etc/new.toml"}, "new.toml:x": {File: "etc/new.toml"}, "a:1:x": {File: "etc/new.toml"},
	} {
		if got := r.place(at); got != want {
			t.Errorf("%q: %+v, not %+v", at, got, want)
		}
	}
}
