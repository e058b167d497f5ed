package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"casemate/tests/lab"
)

// kitOrSkip builds the floor and its root.
func kitOrSkip(t *testing.T) *kit {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("the floor's namespaces and mounts need root")
	}
	if _, err := exec.LookPath("musl-gcc"); err != nil {
		t.Skip("musl-gcc is missing (musl-tools)")
	}
	k, err := build(t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestFloor: it launches true, passes its status on, and names every failure.
func TestFloor(t *testing.T) {
	k := kitOrSkip(t)
	seven := filepath.Join(k.root, "seven")
	if err := lab.CompileC([]byte("int main(void) { return 7; }"), seven); err != nil {
		t.Fatal(err)
	}
	odd := filepath.Join(k.dir, "odd")
	if err := os.WriteFile(odd, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		args   []string
		status int
		text   string
	}{
		{"true", []string{k.root, k.filter, "12", "5", "/true"}, 0, ""},
		{"all masks", []string{k.root, k.filter, "99", "99", "/true"}, 0, ""},
		{"status", []string{k.root, k.filter, "12", "5", "/seven"}, 7, ""},
		{"no command", []string{k.root, k.filter, "12", "5"}, 2, "usage"},
		{"no root", []string{k.root + "x", k.filter, "12", "5", "/true"}, 1, "mount " + k.root + "x: No such file"},
		{"no filter", []string{k.root, k.filter + "x", "12", "5", "/true"}, 1, "open " + k.filter + "x: No such file"},
		{"odd filter", []string{k.root, odd, "12", "5", "/true"}, 1, "no filter"},
		{"not there", []string{k.root, k.filter, "12", "5", "/false"}, 1, "execve /false: No such file"},
	} {
		cmd := exec.Command(k.floor, test.args...)
		out, _ := cmd.CombinedOutput() // the status is compared below
		if status := cmd.ProcessState.ExitCode(); status != test.status || !strings.Contains(string(out), test.text) {
			t.Errorf("%s: status %d, %s", test.name, status, out)
		}
	}
	if b, err := os.ReadFile("/proc/self/mountinfo"); err != nil || strings.Contains(string(b), k.dir) {
		t.Errorf("a mount is left in %s (%v)", k.dir, err)
	}
}

// TestTools: what cannot run is left out by name.
func TestTools(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	run, left := tools(&kit{sealedLack: "no casemate here"})
	if len(run) != 3 || len(left) != 5 || !strings.Contains(left[0], "no casemate here") || !strings.Contains(left[1], "minijail0: not installed") {
		t.Errorf("%d run; left out: %q", len(run), left)
	}
}
