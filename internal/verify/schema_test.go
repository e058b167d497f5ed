package verify

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schema is the published form, as a validator that shares no code with the writer sees it.
func schema(t *testing.T) (doc map[string]any, validate func(text []byte) error) {
	t.Helper()
	text, err := os.ReadFile("../../docs/receipt.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("receipt.schema.json", parsed); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("receipt.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return parsed.(map[string]any), func(text []byte) error {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return err
		}
		return s.Validate(v)
	}
}

// in walks into a document.
func in(doc any, path ...string) any {
	for _, p := range path {
		doc = doc.(map[string]any)[p]
	}
	return doc
}

func texts(list any) (all []string) {
	for _, v := range list.([]any) {
		all = append(all, v.(string))
	}
	slices.Sort(all)
	return all
}

// The lists of the schema are those of the code.
func TestSchemaKnowsEveryWord(t *testing.T) {
	doc, _ := schema(t)
	from := slices.Compact(slices.Sorted(maps.Values(kinds)))
	if d := cmp.Diff(from, texts(in(doc, "properties", "checks", "items", "properties", "from", "enum"))); d != "" {
		t.Error(d)
	}
	var causes []string
	for c := range words {
		causes = append(causes, string(c))
	}
	slices.Sort(causes)
	if d := cmp.Diff(causes, texts(in(doc, "properties", "ended", "properties", "cause", "enum"))); d != "" {
		t.Error(d)
	}
}

// Receipts of this program are of the form, of a launch as it is and of one that has ended;
// and what is not, is not.
func TestSchemaOfReceipts(t *testing.T) {
	_, validate := schema(t)
	found, err := Run(started(t, declared(), asPlanned))
	if err != nil {
		t.Fatal(err)
	}
	r := receipt()
	r.Policy, r.Signer = string(bytes.Repeat([]byte("ab"), 32)), "0123456789abcdef"
	r.Checks, r.Unread = found.Checks, found.Unread
	if err := validate(r.Encode()); err != nil {
		t.Error(err)
	}
	for _, e := range []*Ended{{Cause: Exit}, {Cause: OOM, Status: 137, Signal: "SIGKILL", Stopped: true, Error: "x", RanMS: 5, Memory: &Memory{Kills: 1}}} {
		if err := validate(e.Complete(r.Encode())); err != nil {
			t.Error(err)
		}
	}
	if err := validate((&Receipt{Version: ReceiptVersion, Service: "x", Checks: []Check{}, Ended: &Ended{Cause: Lost}}).Encode()); err != nil {
		t.Errorf("a launch of which only the end is known: %v", err)
	}
	var full map[string]any
	if err := json.Unmarshal((&Ended{Cause: Exit}).Complete(r.Encode()), &full); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(map[string]any){
		"version": func(m map[string]any) { m["version"] = 1 }, "no checks": func(m map[string]any) { delete(m, "checks") },
		"a member more": func(m map[string]any) { m["more"] = 1 }, "digest": func(m map[string]any) { m["policy_sha256"] = "x" },
		"time": func(m map[string]any) { m["verified"] = "yesterday" }, "service": func(m map[string]any) { m["service"] = "../x" },
		"from": func(m map[string]any) {
			m["checks"] = []any{map[string]any{"name": "Uid", "from": "hearsay", "want": "", "got": ""}}
		},
		"cause": func(m map[string]any) {
			m["ended"] = map[string]any{"cause": "fate", "status": 1, "at": "2026-01-02T03:04:05Z", "ran_ms": 1}
		},
		"unread": func(m map[string]any) { m["unread"] = []any{map[string]any{"name": "x"}} },
	} {
		other := maps.Clone(full)
		change(other)
		text, err := json.Marshal(other)
		if err != nil {
			t.Fatal(err)
		}
		if validate(text) == nil {
			t.Errorf("%s: it is of the form", name)
		}
	}
}
