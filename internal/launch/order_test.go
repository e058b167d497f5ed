package launch

import (
	"os"
	"strings"
	"testing"

	"casemate/internal/sealed"
)

func TestOrderRowsHaveOneNameAndAReason(t *testing.T) {
	seen := map[string]bool{}
	for i, r := range order {
		if r.name == "" || r.steps == nil || seen[r.name] {
			t.Errorf("row %d: %q is empty or stands there twice", i, r.name)
		}
		seen[r.name] = true
		if len(r.reason) < 20 || Reasons()[r.name] != r.reason {
			t.Errorf("row %q: the reason is %q", r.name, r.reason)
		}
	}
	if len(Rows()) != len(order) || len(Reasons()) != len(order) {
		t.Error("Rows or Reasons leave some out")
	}
}

// Every row makes a step for some policy: a row that never does would be a promise.
func TestOrderRowsAreUsed(t *testing.T) {
	used := map[string]bool{}
	for _, policy := range []*sealed.Policy{full(), mapped()} {
		f := recorded(t, "debian12-apparmor")
		f.Process.MemFDNoExec = true
		p, err := Lower(policy, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range p.Steps {
			used[s.Row] = true
		}
	}
	for _, row := range Rows() {
		if !used[row] {
			t.Errorf("%q makes no step", row)
		}
	}
}

// The table of docs/design.md is the one of the code: same rows, same order, same reasons.
func TestOrderIsDocumented(t *testing.T) {
	b, err := os.ReadFile("../../docs/design.md")
	if os.IsNotExist(err) {
		t.Skip("docs/design.md does not exist yet")
	}
	if err != nil {
		t.Fatal(err)
	}
	var documented [][2]string
	_, text, found := strings.Cut(string(b), "| row | what | why here |\n")
	if !found {
		t.Fatal("docs/design.md has no table of the order")
	}
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 5 {
			break
		}
		if name := strings.TrimSpace(cells[1]); !strings.HasPrefix(name, "-") {
			documented = append(documented, [2]string{name, strings.TrimSpace(cells[3])})
		}
	}
	var coded [][2]string
	for _, r := range order {
		coded = append(coded, [2]string{r.name, r.reason})
	}
	for i := range max(len(coded), len(documented)) {
		if i >= len(coded) || i >= len(documented) || coded[i] != documented[i] {
			t.Fatalf("row %d: the code has %q, the document %q", i, coded[i:min(i+1, len(coded))], documented[i:min(i+1, len(documented))])
		}
	}
}
