package audit

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"casemate/policy/syntax"
	"casemate/tests/lab"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// ids are the rules that waivers and reports name: none is ever missing or another one.
var ids = map[string]int{"SC": 33, "CAP": 9, "FS": 9, "NS": 4, "LSM": 6, "PRC": 4, "CG": 3, "SEAL": 3, "WV": 1, "LRN": 1}

func TestRulesAreComplete(t *testing.T) {
	for prefix, n := range ids {
		for i := 1; i <= n; i++ {
			if id := fmt.Sprintf("%s-%03d", prefix, i); FindRule(id) == nil {
				t.Errorf("%s is missing", id)
			}
		}
	}
	seen := map[string]bool{}
	for _, r := range rules {
		if seen[r.ID] {
			t.Errorf("%s stands twice", r.ID)
		}
		seen[r.ID] = true
		if r.Dimension() == "" || r.Severity == 0 || r.Title == "" || !syntax.Sentence(r.Why) || !syntax.Sentence(r.Fix) {
			t.Errorf("%s lacks something: %+v", r.ID, r)
		}
		if strings.ContainsAny(r.Title+r.Why+r.Fix+r.Cannot, "\n|") {
			t.Errorf("%s: a line break or a bar does not go into the table", r.ID)
		}
	}
	if len(rules) != 76 {
		t.Errorf("%d rules", len(rules))
	}
}

// Every rule has a check, or says why there is none; and every check has a case that it
// finds something in (and one next to it that it does not) in the tables of these tests.
func TestEveryRuleIsTested(t *testing.T) {
	tested := map[string]bool{"SEAL-001": true, "SEAL-002": true, "SEAL-003": true} // in hands_test.go
	for _, c := range texts {
		tested[c.rule] = true
	}
	for _, c := range hands {
		tested[c.rule] = true
	}
	for _, r := range rules {
		if (r.check == nil) != (r.Cannot != "") {
			t.Errorf("%s has a check and a reason to have none, or neither", r.ID)
		}
		if r.check != nil && !tested[r.ID] {
			t.Errorf("%s is not tested", r.ID)
		}
	}
}

// The table of docs/audit.md is the one in the code.
func TestGoldenRules(t *testing.T) {
	const file, mark = "../../docs/audit.md", "<!-- made by go test ./policy/audit -run Golden -update -->\n"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, _, ok := strings.Cut(string(text), mark)
	if !ok {
		t.Fatal("the mark is gone")
	}
	want := before + mark + markdown()
	lab.Golden(t, *update, file, want)
}

func markdown() string {
	var b strings.Builder
	b.WriteString("\n| id | severity | level | what is wrong, and why it matters | what to do |\n|---|---|---|---|---|\n")
	for _, r := range rules {
		fix := r.Fix
		if r.Cannot != "" {
			fix = "Cannot arise: " + r.Cannot + "."
		}
		fmt.Fprintf(&b, "| %s | %s | %s | **%s.** %s | %s |\n", r.ID, r.Severity, r.Level, r.Title, r.Why, fix)
	}
	return b.String()
}
