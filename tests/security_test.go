package tests

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// testFunctions are the names of all Go tests in the tree.
func testFunctions(t *testing.T) map[string]bool {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	found := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range declared.FindAllStringSubmatch(string(b), -1) {
			found[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Every test that SECURITY.md names exists; its table of attacks has a row for each id, with
// a test or with the reason why there is none; and every test that carries an id stands there.
func TestSecurityTable(t *testing.T) {
	b, err := os.ReadFile("../SECURITY.md")
	if err != nil {
		t.Skipf("needs the source tree: %v", err)
	}
	text, known := string(b), testFunctions(t)
	for _, name := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(text, -1) {
		if !known[name[1]] {
			t.Errorf("SECURITY.md names %s, which does not exist", name[1])
		}
	}
	rows := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| (S\d\d) \|.*\| (.*) \|$`).FindAllStringSubmatch(text, -1) {
		rows[row[1]] = row[2]
	}
	for n := 1; n <= 60; n++ {
		id := fmt.Sprintf("S%02d", n)
		if cell, ok := rows[id]; !ok || !strings.Contains(cell, "`Test") && !strings.HasPrefix(cell, "not applicable: ") && cell != "not tested yet" {
			t.Errorf("%s: %q is neither a test nor a reason", id, cell)
		}
	}
	ids := regexp.MustCompile(`S\d\d`)
	for name := range known {
		for _, id := range ids.FindAllString(name, -1) {
			if !strings.Contains(rows[id], "`"+name+"`") {
				t.Errorf("%s is not in the row of %s", name, id)
			}
		}
	}
}
