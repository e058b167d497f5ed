package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"casemate/internal/exit"
)

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

// What is printed, and what is refused, by the binary.
func TestCommandLine(t *testing.T) {
	for _, args := range [][]string{{"--version"}, {"-V"}, {"-gV", "sh"}, {"-vvV"}} {
		if got := run(t, "casemate-init", args...).output(t); got != "casemate-init "+stated+"\n" {
			t.Errorf("%q: %q", args, got)
		}
	}
	for _, args := range [][]string{{"--help"}, {"-h"}, {"-h", "-x"}} {
		if got := run(t, "casemate-init", args...).output(t); got != usage {
			t.Errorf("%q: %q", args, got)
		}
	}
	if got := run(t, "init", "-l").output(t); !strings.Contains(got, "Apache License, Version 2.0") {
		t.Errorf("license %q", got)
	}
	run(t, "casemate-init").ends(t, exit.Usage, "casemate-init: no command and no orders: run casemate-init -- CMD, or let casemate-shim run it\n")
	run(t, "/sbin/init").ends(t, exit.Usage, "no command: run casemate-init -- CMD")
	run(t, "casemate-init", "-x").ends(t, exit.Usage, "unknown option -x")
	run(t, "casemate-init", "-P", "sh").ends(t, exit.Usage, "-P runs nothing: leave sh away")
	if got := run(t, "/usr/bin/dumb-init", "/bin/sh", "-c", leads).output(t); got != "1 1\n" {
		t.Errorf("called as dumb-init: leads its group, its session: %q", got)
	}
	run(t, "init", "--", "sh", "-c", "exit 7").ends(t, 7)
	run(t, "init", "sh", "-c", "exit 7").ends(t, 7)
	run(t, "init", "--", "no-such-command").ends(t, exit.NotFound, "casemate-init: exec no-such-command: no such file or directory\n")
}

func TestSayKeepsToOneLine(t *testing.T) {
	i := run(t, "init", "--", "-\x1b[31m\n\r"+strings.Repeat("x", 1<<16))
	i.end(t)
	said := i.stderr.String()
	if !strings.HasPrefix(said, "casemate-init: exec -?[31m??xxx") || strings.Count(said, "\n") != 1 || len(said) != len(line) {
		t.Errorf("said %q", said[:min(len(said), 100)])
	}
}

// What the manager addresses to whom it starts, by the process number, is the workload's.
func TestVariablesWithAProcessNumber(t *testing.T) {
	needRoot(t)
	for _, c := range []struct{ name, value, want string }{
		{"LISTEN_PID", "1", "own"}, {"LISTEN_PID", "4194305", "4194305"}, {"LISTEN_PID", "01x", "01x"}, {"WATCHDOG_PID", "1", "own"}, {"MY_LISTEN_PID", "1", "1"},
	} {
		cmd := exec.Command(binary, "--", "/bin/sh", "-c", `[ $$ = "$`+c.name+`" ] && echo own || echo $`+c.name)
		cmd.SysProcAttr, cmd.Env = pidns(), []string{"A=1", c.name + "=" + c.value, "B=2"}
		if got := begin(t, cmd).output(t); got != c.want+"\n" {
			t.Errorf("%s=%s: %q", c.name, c.value, got)
		}
	}
}
