package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"casemate/policy/base"
	"casemate/policy/syntax"

	"github.com/pelletier/go-toml/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compiledSchema is the published schema as a validator that shares no code with
// the reader sees it.
func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := syntax.Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft4)
	if err := c.AddResource("policy-v1.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("policy-v1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// document turns TOML into what a JSON validator takes; dates become strings.
func document(t *testing.T, text []byte) any {
	t.Helper()
	var v map[string]any
	if err := toml.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// What ships validates.
func TestSchemaAccepts(t *testing.T) {
	s := compiledSchema(t)
	texts := map[string][]byte{}
	for _, name := range base.Names() {
		texts[name], _ = base.Text(name)
	}
	found, err := filepath.Glob(filepath.Join(examples(t), "*.toml"))
	if err != nil || len(found) == 0 {
		t.Fatal(found, err)
	}
	for _, path := range append(found, "testdata/everything.toml") {
		if texts[path], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range texts {
		if _, err := syntax.Parse(name, text); err != nil {
			t.Error(err)
		}
		if err := s.Validate(document(t, text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What the reader refuses for its shape, the schema refuses too.
func TestSchemaRefuses(t *testing.T) {
	s := compiledSchema(t)
	for name, text := range map[string]string{
		"no version":           `service = "x"`,
		"version":              `policy = 2`,
		"unknown key":          "policy = 1\nexce = 1",
		"unknown key below":    "policy = 1\n[exec]\nargvv = []",
		"unknown mount key":    "policy = 1\n[[mounts.bind]]\nfrom = \"/a\"\nmode = \"ro\"",
		"missing key":          "policy = 1\n[[mounts.bind]]\nat = \"/a\"",
		"type":                 "policy = 1\n[exec]\nuser = 33",
		"list":                 "policy = 1\nextends = \"base/daemon\"",
		"boolean":              "policy = 1\n[root]\nwritable = \"yes\"",
		"word":                 "policy = 1\n[mounts]\nproc = \"mask\"",
		"word in a list":       "policy = 1\n[namespaces]\nshare = [\"all\"]",
		"twice in a list":      "policy = 1\n[seccomp]\nallow = [\"read\", \"read\"]",
		"range":                "policy = 1\n[exec]\noom_score_adj = 1001",
		"empty string":         "policy = 1\n[exec]\ncwd = \"\"",
		"empty argv":           "policy = 1\n[exec]\nargv = []",
		"fraction":             "policy = 1\n[cgroup]\npids.max = 1.5",
		"a permissive default": "policy = 1\n[seccomp]\ndefault = \"allow\"",
		"another language":     "policy = 1\n[why]\nseccomp.ptrace = \"unquoted key\"",
	} {
		if _, err := syntax.Parse("x.toml", []byte(text)); err == nil {
			t.Errorf("%s: the reader accepts it", name)
		}
		if err := s.Validate(document(t, []byte(text))); err == nil {
			t.Errorf("%s: the schema accepts it", name)
		}
	}
}

// testdata/everything.toml really has every key, so that none escapes these tests.
func TestEverything(t *testing.T) {
	text, err := os.ReadFile("testdata/everything.toml")
	if err != nil {
		t.Fatal(err)
	}
	out, err := syntax.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var s keys
	if err := json.Unmarshal(out, &s); err != nil {
		t.Fatal(err)
	}
	s.demand(t, "", document(t, text))
}

// keys is the part of a schema that names keys.
type keys struct {
	Properties map[string]keys `json:"properties"`
	Items      *keys           `json:"items"`
}

func (k keys) demand(t *testing.T, path string, doc any) {
	if list, ok := doc.([]any); ok && k.Items != nil {
		k.Items.demand(t, path+"[0]", list[0])
	}
	table, _ := doc.(map[string]any)
	for name, below := range k.Properties {
		if table[name] == nil {
			t.Errorf("everything.toml lacks %s.%s", path, name)
		}
		below.demand(t, path+"."+name, table[name])
	}
}
