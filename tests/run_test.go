package tests

import (
	"os"
	"path/filepath"
	"testing"
)

// casemate run compiles into memory and becomes the shim: the status is the
// workload's, and no file is left.
func TestToolRun(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	source := filepath.Join(dir, "test.toml")
	if err := os.WriteFile(source, []byte(policy("toolrun", `"/app/probe", "exit"`, "")), 0o644); err != nil {
		t.Fatal(err)
	}
	tool := filepath.Join(bin, "casemate")
	command(t, tool, "run", source, "--", "42").expect(t, 42)
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
	command(t, tool, "run", source, "42").expect(t, 2, "come after --")
	command(t, tool, "run", filepath.Join(dir, "none.toml")).expect(t, 2, "no such file")
	command(t, tool, "run", "--shim", "/nonexistent", source).expect(t, 2, "/nonexistent")
	if err := os.WriteFile(source, []byte("policy = 1\nservise = \"x\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	command(t, tool, "run", source).expect(t, 2, "test.toml:2:1", "service")
}

// A policy with an error: file, line, column, token, hint; 2; nothing written.
func TestToolRefuses(t *testing.T) {
	dir := t.TempDir()
	source, out := filepath.Join(dir, "bad.toml"), filepath.Join(dir, "bad.sealed")
	if err := os.WriteFile(source, []byte(policy("bad", `"/app/probe"`, "[seccomp]\nallow = [\"opnat\"]\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	r := command(t, filepath.Join(bin, "casemate"), "compile", "-o", out, source)
	r.expect(t, 2, "bad.toml:9:10: ", `"opnat"`, "hint: did you mean", "openat")
	if _, err := os.Stat(out); err == nil {
		t.Error("a sealed policy was written")
	}
}
