package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"casemate/internal/exit"
)

func TestCommandOf(t *testing.T) {
	cases := []struct {
		args, want []string
		refused    string
	}{
		{args: []string{"--", "sh", "-c", "x"}, want: []string{"sh", "-c", "x"}},
		{args: []string{"sh", "--version"}, want: []string{"sh", "--version"}},
		{args: []string{"--", "--version"}, want: []string{"--version"}},
		{args: []string{"--", "-odd"}, want: []string{"-odd"}},
		{args: nil, refused: "no command: run casemate-init -- CMD, or let casemate-shim run it"},
		{args: []string{"--"}, refused: "no command"},
		{args: []string{""}, refused: "no command"},
		{args: []string{"--", ""}, refused: "no command"},
		{args: []string{"-g", "--", "sh"}, refused: "unknown option -g: put -- before the command"},
		{args: []string{"--version", "x"}, refused: "unknown option --version"},
		{args: []string{"--help", "--"}, refused: "unknown option --help"},
		{args: []string{"-"}, refused: "unknown option -:"},
	}
	for _, c := range cases {
		got, err := commandOf(append([]string{"init"}, c.args...))
		if c.refused == "" && (err != nil || !slices.Equal(got, c.want)) {
			t.Errorf("%q: %q, %v", c.args, got, err)
		}
		if c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused) || exit.CodeOf(err) != exit.Usage) {
			t.Errorf("%q: %q, %v; want %q", c.args, got, err, c.refused)
		}
	}
}

func TestSearch(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tool, data := file("b/tool", 0o755), file("a/data", 0o644)
	file("b/data", 0o600)
	if err := os.Mkdir(filepath.Join(dir, "a/tool"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Dir(tool))
	path := "PATH=/nowhere:" + dir + "/a:" + dir + "/b"
	cases := []struct{ name, env, want string }{
		{"tool", path, tool}, // past the directory of that name
		{"data", path, data}, // the first that may not be executed
		{"none", path, "none"},
		{"./none", path, "./none"},
		{"a/tool", path, "a/tool"},
		{"tool", "PATH=/nowhere::", "./tool"},
		{"tool", "PATH=", "tool"},
	}
	for _, c := range cases {
		if got := search(c.name, []string{"NOPATH=/", c.env, "PATH=/second"}); got != c.want {
			t.Errorf("%s with %s: %s, want %s", c.name, c.env, got, c.want)
		}
	}
	if got := search("sh", []string{"NOPATH=/"}); got != "/bin/sh" {
		t.Errorf("without PATH: %s", got)
	}
}

// run starts init with arguments of its own.
func run(t *testing.T, name string, args ...string) *instance {
	t.Helper()
	needRoot(t)
	return begin(t, &exec.Cmd{Path: binary, Args: append([]string{name}, args...), SysProcAttr: pidns()})
}

func TestCommandLine(t *testing.T) {
	i := run(t, "casemate-init", "--version")
	if got := i.output(t); got != "casemate-init tested\n" {
		t.Errorf("version %q", got)
	}
	i = run(t, "casemate-init", "--help")
	if got := i.output(t); got != usage {
		t.Errorf("help %q", got)
	}
	run(t, "casemate-init").ends(t, exit.Usage, "casemate-init: no command and no orders: run casemate-init -- CMD, or let casemate-shim run it\n")
	run(t, "/sbin/init").ends(t, exit.Usage, "no command: run casemate-init -- CMD")
	run(t, "casemate-init", "-x").ends(t, exit.Usage, "unknown option -x")
	run(t, "init", "--", "sh", "-c", "exit 7").ends(t, 7)
	run(t, "init", "sh", "-c", "exit 7").ends(t, 7)
	run(t, "init", "--", "no-such-command").ends(t, exit.NotFound, "casemate-init: exec no-such-command: no such file or directory\n")
}

func TestSayKeepsToOneLine(t *testing.T) {
	i := run(t, "init", "-\x1b[31m\n\r"+strings.Repeat("x", 1<<16))
	i.end(t)
	said := i.stderr.String()
	if !strings.HasPrefix(said, "casemate-init: unknown option -?[31m??xxx") || strings.Count(said, "\n") != 1 || len(said) != len(line) {
		t.Errorf("said %q", said[:min(len(said), 100)])
	}
}
