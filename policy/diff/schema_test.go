package diff

import (
	"encoding/json"
	"os"
	"testing"

	"casemate/policy/sariftest"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestSchema: what is printed as JSON is what docs says it is, for every edit and for
// what a filter's change has besides.
func TestSchema(t *testing.T) {
	s := published(t)
	for _, e := range edits {
		p := full()
		e.make(p)
		r := compare(t, full(), p)
		validate(t, s, e.name, r)
		for _, c := range r.Changes {
			if c.Order == Equal {
				t.Errorf("%s: a change that is none: %s", e.name, c.Line())
			}
		}
	}
	validate(t, s, "equal", compare(t, full(), full()))
	if err := s.Validate(map[string]any{"version": 2}); err == nil {
		t.Error("the schema takes anything")
	}
}

func published(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile("../../docs/diff-v1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return sariftest.Compiled(t, jsonschema.Draft4, text)
}

func validate(t *testing.T, s *jsonschema.Schema, name string, r *Report) {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(sariftest.Document(t, b)); err != nil {
		t.Errorf("%s: %v\n%s", name, err, b)
	}
}
