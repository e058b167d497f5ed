package tests

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// The plans of the examples on a recorded host, as a reviewer reads them: policy text
// in, plan out, without privilege. A difference here is the review of a change.
func TestGoldenPlans(t *testing.T) {
	for _, name := range []string{"nginx", "redis", "batch", "python", "greeter", "rootling"} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), name+".sealed")
			tool := filepath.Join(bin, "casemate")
			command(t, tool, "compile", "--passwd", "testdata/passwd", "--group", "testdata/group", "-o", out, "../examples/"+name+".toml").expect(t, 0)
			r := command(t, tool, "plan", "--facts", "testdata/facts.json", out)
			r.expect(t, 0)
			got := portable(t, r.stdout)
			golden := filepath.Join("testdata", name+".plan")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the plan differs from %s; go test -update rewrites it\n%s", golden, firstDifference(string(want), got))
			}
		})
	}
}

// portable takes out of a plan what is this checkout's, not the plan's: where the
// checkout lies, and the filter's digest, which is libseccomp's and the table's.
func portable(t *testing.T, plan string) string {
	t.Helper()
	examples, err := filepath.Abs("../examples")
	if err != nil {
		t.Fatal(err)
	}
	plan = strings.ReplaceAll(plan, examples, "/examples")
	plan = regexp.MustCompile(`\{[0-9]+ instructions, sha256 [0-9a-f]+\}`).ReplaceAllString(plan, "{filter}")
	return regexp.MustCompile(` +; `).ReplaceAllString(plan, " ; ")
}

// firstDifference shows the first line that differs.
func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) || w[i] != g[i] {
			return "want: " + w[i] + "\ngot:  " + strings.Join(g[min(i, len(g)):min(i+1, len(g))], "")
		}
	}
	return "got more: " + strings.Join(g[len(w):], "\n")
}

// A reviewer can follow a plan without the code: it names what is mounted where, and
// the order is that of the table.
func TestPlanNeedsNoPrivilege(t *testing.T) {
	out := compiled(t, policy("reviewed", `"/app/probe"`, "[lsm]\n"))
	if err := os.Chmod(filepath.Dir(filepath.Dir(out)), 0o755); err != nil {
		t.Fatal(err)
	}
	r := command(t, filepath.Join(bin, "casemate"), "plan", "--facts", "testdata/facts.json", out)
	r.expect(t, 0)
	last := -1
	for _, row := range []string{"  guard - ", "  propagation - ", "  root - ", "  mounts - ", "  pivot - ", "  close - ", "  bounding set - ", "  no_new_privs - ", "  seccomp - ", "  exec - "} {
		at := strings.Index(r.stdout, row)
		if at <= last {
			t.Errorf("row %q is missing or out of order", row)
		}
		last = at
	}
}
