package explain

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"casemate/internal/sealed"
	"casemate/policy/compile"

	"github.com/google/go-cmp/cmp"
)

// process and more are what the examples do not have.
const process = `[exec]
env = { QUOTED = "a \"b\" \\", EMPTY = "" }
groups = ["redis", "7"]
rlimits = { core = "1M:unlimited" }
oom_score_adj = -7
`

const more = `"cgroup.devices./dev/fuse" = "it mounts images of its own"

[cgroup]
devices = [{ at = "/dev/fuse", device = "c 10:229", access = "rw" }]
memory.max = "64M"
cpu.max = "50000 100000"
io.max = ["8:0 rbps=1000", "8:16 wbps=1000"]

[lsm]
apparmor = { profile = "one", require = false }
selinux = { type = "one_t", level = "s0:c1,c2" }

[signals]
forward = { TERM = "QUIT", HUP = "drop" }
scope = "all"
grace = "5s"

[manager]
ready = "notify"
watchdog = true
pass_fds = ["http.socket"]
credentials = ["key"]

[[waive]]
rule = "CAP-001"
why = "it is gone with the next release"
until = 2030-01-31

[[waive]]
rule = "NS-002"
why = "it is the front door of the host"
until = 2031-12-31
`

// TestFlatten: what is written compiles to the same sealed policy, but for what it was
// made from and where its lines are.
func TestFlatten(t *testing.T) {
	paths, err := filepath.Glob("../../examples/*.toml")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	own := filepath.Join(t.TempDir(), "own.toml")
	if err := os.WriteFile(own, []byte(strings.Replace(policy, "[exec]\n", process, 1)+more), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths, own) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".toml"), func(t *testing.T) {
			r, err := compile.Compile(path, accounts)
			if err != nil {
				t.Fatal(err)
			}
			text := flattened(t, r)
			flat := filepath.Join(t.TempDir(), "flat.toml")
			if err := os.WriteFile(flat, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			again, err := compile.Compile(flat, compile.Options{Passwd: "/dev/null", Group: "/dev/null"})
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if strings.Contains(text, "extends") {
				t.Error("it extends something still")
			}
			if twice := flattened(t, r); twice != text {
				t.Error("writing it down has changed the text")
			}
			if d := cmp.Diff(bare(r.Policy), bare(again.Policy)); d != "" {
				t.Errorf("%s\n%s", d, text)
			}
		})
	}
}

func flattened(t *testing.T, r *compile.Result) string {
	t.Helper()
	text, err := Flatten(&Subject{Policy: r.Policy, Rules: &r.Rules, Text: r.Text}, r.Reasons)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// bare takes out what a policy was made from.
func bare(p *sealed.Policy) *sealed.Policy {
	p.Inputs = nil
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				if v.Type().Field(i).Name == "At" {
					v.Field(i).SetString("")
				} else {
					walk(v.Field(i))
				}
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		}
	}
	walk(reflect.ValueOf(p).Elem())
	return p
}
