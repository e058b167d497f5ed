package main

import (
	"flag"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"casemate/internal/sealed"
	"casemate/policy/compile"
	"casemate/tests/lab"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// examples is the directory of the examples.
func examples(t *testing.T) string {
	dir, err := filepath.Abs("../examples")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// The examples, resolved. A change of a default, a base or the language shows here
// as what it does to the services of the examples.
func TestGoldenExamples(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(examples(t), "*.toml"))
	if err != nil || len(found) == 0 {
		t.Fatal(found, err)
	}
	for _, path := range found {
		name := strings.TrimSuffix(filepath.Base(path), ".toml")
		t.Run(name, func(t *testing.T) { golden(t, path, "testdata/golden/"+name+".txt") })
	}
}

func golden(t *testing.T, policy, file string) {
	r, err := compile.Compile(policy, compile.Options{Passwd: "testdata/passwd", Group: "testdata/group"})
	if err != nil {
		t.Fatal(err)
	}
	lab.Golden(t, *update, file, stable(newView(&sealed.File{Policy: r.Policy}).text(), examples(t)))
}

// unstable is what differs between checkouts and versions of libraries, and would
// make a golden file a nuisance: digests, counts, versions.
var unstable = regexp.MustCompile(`(?m) *[0-9a-f]{64}$|^digest .*\n| +[0-9]+ instructions$|(libseccomp|golang.org/x/sys) v?[0-9.]+ *`)

func stable(text, dir string) string {
	text = strings.ReplaceAll(text, dir, "$EXAMPLES")
	return unstable.ReplaceAllString(text, "$1")
}
