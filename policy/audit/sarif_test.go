package audit

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"casemate/policy/sariftest"
)

func TestSARIFSchema(t *testing.T) {
	s := sariftest.Schema(t)
	run := everything(t)
	var b bytes.Buffer
	if err := WriteSARIF(&b, run); err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(document(t, b.Bytes())); err != nil {
		t.Errorf("%#v", err)
	}
	for old, wrong := range map[string]string{
		`"version": "2.1.0"`: `"version": "2.2.0"`, `"level": "error"`: `"level": "high"`, `"ruleId"`: `"rule"`,
		`"kind": "inSource"`: `"kind": "here"`, `"startLine": 5`: `"startLine": 0`, `"baselineState": "new"`: `"baselineState": "old"`,
	} {
		if !strings.Contains(b.String(), old) {
			t.Errorf("there is no %s", old)
		}
		if s.Validate(document(t, []byte(strings.Replace(b.String(), old, wrong, 1)))) == nil {
			t.Errorf("the schema accepts %s", wrong)
		}
	}
}

// What code scanning does with a log rests on these.
func TestSARIF(t *testing.T) {
	run := everything(t)
	var b bytes.Buffer
	if err := WriteSARIF(&b, run); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Runs []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID              string
				RuleIndex           int
				BaselineState       string
				PartialFingerprints map[string]string
				Suppressions        []struct{ Kind, Justification string }
				Locations           []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine, StartColumn int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	r := log.Runs[0]
	if len(r.Tool.Driver.Rules) != len(rules) {
		t.Errorf("%d rules", len(r.Tool.Driver.Rules))
	}
	suppressed, known := 0, 0
	for _, result := range r.Results {
		if r.Tool.Driver.Rules[result.RuleIndex].ID != result.RuleID {
			t.Errorf("%s has the index of another rule", result.RuleID)
		}
		if len(result.PartialFingerprints["casemate/v1"]) != 32 || len(result.Locations) != 1 || result.Locations[0].PhysicalLocation.ArtifactLocation.URI == "" {
			t.Errorf("%+v", result)
		}
		if result.BaselineState == "unchanged" {
			known++
		}
		for _, s := range result.Suppressions {
			suppressed++
			p := result.Locations[0].PhysicalLocation
			if s.Kind != "inSource" || s.Justification != good+" (until 2027-01-01)" || result.RuleID != "NS-002" || p.ArtifactLocation.URI != "p.toml" || p.Region.StartLine != 5 || p.Region.StartColumn == 0 {
				t.Errorf("%s: %+v at %+v", result.RuleID, s, p)
			}
		}
	}
	if sum := run.Summary(); suppressed != sum.Waived || known != sum.Known || len(r.Results) != sum.Critical+sum.High+sum.Medium+sum.Low+sum.Waived+sum.Known {
		t.Errorf("%d results, %d suppressed, %d known; %+v", len(r.Results), suppressed, known, sum)
	}
}

// Lines move and fingerprints stay.
func TestFingerprintsWithoutLines(t *testing.T) {
	a := audited(compiled(t, head+"network.mode = \"host\""+why("namespaces.net")))
	b := audited(compiled(t, head+"# a line\n\n\nnetwork.mode = \"host\""+why("namespaces.net")))
	x, y := of(a, "NS-002", "namespaces.net"), of(b, "NS-002", "namespaces.net")
	if x.Fingerprint != y.Fingerprint || x.Place.Line == y.Place.Line {
		t.Errorf("%+v %+v", x, y)
	}
}
