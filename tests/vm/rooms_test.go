package vm

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var wellEnded = regexp.MustCompile(`(?m)^PASS$`)

// reportRooms gives the tests of each room as its own. A room whose test program did not
// come to its end, or was not begun, has failed.
func reportRooms(t *testing.T, names, sections []string) {
	said := map[string]string{}
	for _, s := range sections {
		name, text, _ := strings.Cut(s, "\n")
		said[name] = text
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			report(t, said[name])
			if !wellEnded.MatchString(said[name]) && !t.Failed() {
				t.Errorf("the test program did not end well:\n%s", said[name])
			}
			for _, n := range notThere {
				if n.room == name {
					t.Run(n.test, func(t *testing.T) { t.Skip("not in a machine: it " + n.why) })
				}
			}
		})
	}
}

// Every package with tests has its place: in the machines, or in the table with a reason.
func TestRooms(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}", "casemate/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Fields(strings.ReplaceAll(string(out), "casemate/", ""))
	for _, name := range all {
		if inside := slices.Contains(rooms, name); inside == (outside(name) != "") {
			t.Errorf("%s: its tests run in machines: %t; why not: %q", name, inside, outside(name))
		}
	}
	for name := range roomless {
		if !slices.Contains(all, name) {
			t.Errorf("%s is in the table and has no tests", name)
		}
	}
	for _, name := range slices.Concat(rooms, confining) {
		if !slices.Contains(rooms, name) || !slices.Contains(all, name) {
			t.Errorf("%s has no tests", name)
		}
	}
	for _, n := range notThere {
		if !slices.ContainsFunc(sources(t, n.room), func(text string) bool { return strings.Contains(text, "\nfunc "+n.test+"(t *testing.T)") }) {
			t.Errorf("%s of %s does not run in machines and does not exist", n.test, n.room)
		}
	}
}

// outside is why the tests of a package run in no machine.
func outside(name string) string {
	if strings.HasPrefix(name, "policy/") {
		name = "policy"
	}
	return roomless[name]
}

// sources are the tests of a package, as text.
func sources(t *testing.T, room string) (all []string) {
	files, err := filepath.Glob("../../" + room + "/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(b))
	}
	return all
}
