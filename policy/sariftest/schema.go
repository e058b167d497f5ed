// Package sariftest holds SARIF logs against the published schema, for the tests of
// those who write them.
package sariftest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The published schema of SARIF 2.1.0 ships with the tests of this module, which is
// downloaded as data and not built.
const (
	schemaModule = "github.com/securego/gosec/v2@v2.30.0"
	schemaFile   = "report/sarif/testdata/sarif-schema-2.1.0.json"
	schemaDigest = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"
)

// Schema gives the schema, or skips the test where it cannot be had.
func Schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	cmd := exec.Command("go", "mod", "download", "-json", schemaModule)
	cmd.Dir = t.TempDir() // in no module: it is no dependency
	out, err := cmd.Output()
	var module struct{ Dir, Error string }
	if json.Unmarshal(out, &module) != nil || err != nil || module.Dir == "" {
		t.Skipf("the SARIF schema cannot be had: go mod download %s: %v %s", schemaModule, err, module.Error)
	}
	text, err := os.ReadFile(filepath.Join(module.Dir, schemaFile))
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != schemaDigest {
		t.Fatalf("another schema than was looked at: %x", sum)
	}
	return Compiled(t, jsonschema.Draft7, text)
}

// Compiled makes a validator of a schema.
func Compiled(t *testing.T, draft *jsonschema.Draft, text []byte) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(draft)
	if err := c.AddResource("schema.json", Document(t, text)); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Document reads JSON as a validator takes it.
func Document(t *testing.T, text []byte) any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
