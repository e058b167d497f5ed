package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"casemate/policy/compile"
	"casemate/policy/diff"
)

var accounts = compile.Options{Passwd: "testdata/passwd", Group: "testdata/group"}

// additions weaken a policy, each in one respect, and what the comparison names.
var additions = []struct{ name, text, named string }{
	{"a system call", "seccomp.allow = ['kcmp']\nwhy.'seccomp.kcmp' = 'a test of the comparison'", "seccomp amd64 kcmp: EPERM -> ALLOW"},
	{"a capability", "capabilities.keep = ['NET_ADMIN']\nwhy.'capabilities.NET_ADMIN' = 'a test of the comparison'", "capabilities ambient set: none -> NET_ADMIN"},
	{"a writable mount", "mounts.bind = [{ from = '/srv/added', writable = true }]", "mounts /srv/added: absent -> host:/srv/added (rw)"},
	{"a longer limit", "exec.rlimits.nofile = '20000:20000'", "rlimits nofile: "},
	{"more memory", "cgroup.memory.max = '64G'\ncgroup.pids.max = 4194304", ""},
	{"a shared namespace", "namespaces.share = ['ipc']\nwhy.'namespaces.ipc' = 'a test of the comparison'", "namespaces ipc: new -> shared with the host"},
	{"a writable root", "root.writable = true\nwhy.'root.writable' = 'a test of the comparison'", "root writable: no -> yes"},
	{"a default mask less", "masks.unmask = ['/proc/kcore']\nwhy.'masks./proc/kcore' = 'a test of the comparison'", "mounts /proc/kcore: masked -> proc (rw)"},
	{"another user", "exec.user = '0'\nexec.group = '0'\nwhy.'exec.user' = 'a test of the comparison'", "exec uid: "},
}

// others are no additions to the example with a user namespace: it is root inside, with
// capabilities, and its /proc has nothing to unmask.
var others = []string{"a capability", "a default mask less", "another user"}

// TestDiffOfExamples: each example against itself with one grant more is weaker, and the
// grant is named with its line; the other way round it is stricter; against itself,
// text or sealed, it is equal.
func TestDiffOfExamples(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(examples(t), "*.toml"))
	if err != nil || len(found) == 0 {
		t.Fatal(found, err)
	}
	for _, path := range found {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".toml"), func(t *testing.T) {
			dir := t.TempDir()
			old := extended(t, dir, path, "old", "")
			sealed := filepath.Join(dir, "old.sealed")
			b, err := seal(old, accounts, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(sealed, b, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, pair := range [][2]string{{old, old}, {old, sealed}, {sealed, old}, {sealed, sealed}} {
				if r := difference(t, pair[0], pair[1]); r.Order != diff.Equal || len(r.Changes) != 0 {
					t.Errorf("%v: %s", pair, r.Text())
				}
			}
			for i, a := range additions {
				if filepath.Base(path) == "rootling.toml" && slices.Contains(others, a.name) {
					continue
				}
				new := extended(t, dir, path, fmt.Sprintf("new%d", i), a.text)
				if a.name == "more memory" {
					limited(t, difference(t, old, new))
					continue
				}
				for _, from := range []string{old, sealed} {
					weakened(t, a.name, a.named, difference(t, from, new))
				}
				if r := difference(t, new, old); r.Order != diff.Stricter || passes(r) != nil {
					t.Errorf("%s less: %s", a.name, r.Text())
				}
			}
		})
	}
}

func difference(t *testing.T, old, new string) *diff.Report {
	t.Helper()
	r, err := compare(old, new, accounts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func weakened(t *testing.T, name, named string, r *diff.Report) {
	t.Helper()
	if r.Order != diff.Weaker || codeOf(passes(r)) != 1 {
		t.Errorf("%s: %s", name, r.Text())
	}
	for _, c := range r.Changes {
		if strings.HasPrefix(c.Line(), named) && c.Order == diff.Weaker && strings.HasPrefix(filepath.Base(c.NewAt), "new") {
			return
		}
	}
	t.Errorf("%s is not named with its line: %s", name, r.Text())
}

// limited: a limit where there was none is stricter, whatever its size; examples that
// have one are weaker with a larger one.
func limited(t *testing.T, r *diff.Report) {
	t.Helper()
	for _, c := range r.Changes {
		want := diff.Weaker
		if c.Old == "not set" {
			want = diff.Stricter
		}
		if c.Dimension != "cgroup" || c.Order != want {
			t.Errorf("%s", c.Line())
		}
	}
}

// extended makes a policy that is the example and something more: the example without
// its service is a base, and keeps its lines.
func extended(t *testing.T, dir, example, name, more string) string {
	t.Helper()
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	base := regexp.MustCompile(`(?m)^service\s*=.*$`).ReplaceAll(text, []byte("# a base has no service"))
	write := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("example.toml", base)
	return write(name+".toml", []byte("policy = 1\nservice = 'example'\nextends = ['./example.toml']\n"+more+"\n"))
}
