package audit

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"casemate/tests/lab"
)

// everything is a run with findings of all severities, waived and known ones, with and
// without text and witness.
func everything(t *testing.T) *Run {
	t.Helper()
	s := compiled(t, head+shared+"seccomp.allow = [\"bpf\", \"@net-server\"]\nmounts.bind = [{ from = \"/var/lib/x\", at = \"/w\", writable = true }]"+
		why("namespaces.net", "capabilities.SYS_ADMIN", "seccomp.bpf")+waiver("NS-002", "", good, "2027-01-01")+waiver("NS-001", "", good, "2027-01-01"))
	o := Options{Level: ImmutableHost, Today: today, Known: &Known{map[string]Severity{fingerprint("CG-001", "x", "cgroup.pids.max"): High}}}
	sealed := byOtherHands(t, strings.Replace(head, `"x"`, `"y"`, 1), filtered(assembled(ret(allow))))
	return &Run{Reports: []*Report{Audit(s, o), Audit(sealed, o)}, Options: o, FailOn: High, Version: "test"}
}

func TestForms(t *testing.T) {
	run := everything(t)
	s := run.Summary()
	if s.Critical == 0 || s.High == 0 || s.Medium == 0 || s.Low == 0 || s.Waived != 1 || s.Known != 1 {
		t.Fatalf("%+v", s)
	}
	if !run.Failed() || run.Unproved() {
		t.Error("the run is judged wrongly")
	}
}

// golden compares with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	lab.Golden(t, *update, filepath.Join(start, "testdata", name), string(got))
}

// start is the directory of the tests, which change it.
var start, _ = os.Getwd()

func TestGoldenText(t *testing.T) {
	var b bytes.Buffer
	if err := WriteText(&b, everything(t)); err != nil {
		t.Fatal(err)
	}
	golden(t, "everything.txt", b.Bytes())
}

func compiledSchema(t *testing.T, draft *jsonschema.Draft, text []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(draft)
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func document(t *testing.T, text []byte) any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// The published schema accepts what is written, and has no key too many or too few.
func TestSchema(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(start, "../../docs/audit-v1.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	s := compiledSchema(t, jsonschema.Draft7, text)
	run := everything(t)
	var b bytes.Buffer
	for _, reports := range [][]*Report{run.Reports, nil} {
		b.Reset()
		if err := WriteJSON(&b, &Run{Reports: reports, Options: run.Options, FailOn: High}); err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(document(t, b.Bytes())); err != nil {
			t.Errorf("%#v", err)
		}
	}
	for _, wrong := range []string{`{}`, strings.Replace(b.String(), `"version": 1`, `"version": 2`, 1), strings.Replace(b.String(), `"level"`, `"levels"`, 1)} {
		if s.Validate(document(t, []byte(wrong))) == nil {
			t.Errorf("accepted: %s", wrong)
		}
	}
	var keys struct {
		Properties  map[string]any
		Definitions map[string]struct{ Properties map[string]any }
	}
	if err := json.Unmarshal(text, &keys); err != nil {
		t.Fatal(err)
	}
	sameKeys(t, reflect.TypeFor[Document](), keys.Properties)
	for name, of := range map[string]reflect.Type{
		"policy": reflect.TypeFor[PolicyDocument](), "finding": reflect.TypeFor[FindingDocument](),
		"witness": reflect.TypeFor[WitnessDocument](), "effective": reflect.TypeFor[Effective](),
	} {
		sameKeys(t, of, keys.Definitions[name].Properties)
	}
}

func sameKeys(t *testing.T, of reflect.Type, properties map[string]any) {
	t.Helper()
	if of.NumField() != len(properties) {
		t.Errorf("%s has %d fields, its schema %d", of, of.NumField(), len(properties))
	}
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		if properties[name] == nil {
			t.Errorf("%s: the schema lacks %s", of, name)
		}
	}
}

// What is written is read back as an earlier report, and then nothing counts but what
// was waived or has become graver.
func TestKnown(t *testing.T) {
	run := everything(t)
	run.Options.Known = nil
	for _, r := range run.Reports {
		for i := range r.Findings {
			r.Findings[i].Known = false
		}
	}
	var b bytes.Buffer
	if err := WriteJSON(&b, run); err != nil {
		t.Fatal(err)
	}
	known, err := ReadKnown(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range run.Reports {
		for i := range r.Findings {
			f := &r.Findings[i]
			if known.has(f) != (f.Waived == nil) {
				t.Errorf("%s %s: known %v", f.Rule.ID, f.Subject, known.has(f))
			}
			graver := *f
			if graver.Severity++; f.Severity < Critical && known.has(&graver) {
				t.Errorf("%s %s: known though graver", f.Rule.ID, f.Subject)
			}
			other := *f
			other.Fingerprint = fingerprint(f.Rule.ID, "x", f.Subject+"!")
			if known.has(&other) {
				t.Errorf("%s: known by another subject", f.Rule.ID)
			}
		}
	}
	text := b.String()
	for name, wrong := range map[string]string{
		"empty": "", "no object": "[]", "another format": strings.Replace(text, `"casemate-audit"`, `"x"`, 1),
		"another version": strings.Replace(text, `"version": 1`, `"version": 2`, 1), "another key": strings.Replace(text, `"today"`, `"day"`, 1),
		"a severity": strings.Replace(text, `"severity": "high"`, `"severity": "hi"`, 1), "a tail": text + "{}", "cut": text[:len(text)/2],
	} {
		if _, err := ReadKnown([]byte(wrong)); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}

// A fingerprint is for good: these must never change.
func TestFingerprints(t *testing.T) {
	if got := fingerprint("NS-002", "nginx", "namespaces.net"); got != "b4a58e33ba0f9a1e489ad20b301ad54b" {
		t.Error(got)
	}
	// The parts cannot be shifted into one another.
	if fingerprint("NS-002", "a", "bc") == fingerprint("NS-002", "ab", "c") {
		t.Error("parts run together")
	}
}
