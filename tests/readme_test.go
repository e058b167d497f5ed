package tests

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// said is a command of README.md, and what it shows of what comes of it.
type said struct {
	command string
	shows   []string
}

// quickStart reads the policy and the commands from the quick start on, up to the units.
func quickStart(t *testing.T) (policy string, commands []said) {
	t.Helper()
	b, err := os.ReadFile("../README.md")
	if err != nil {
		t.Skipf("needs the source tree: %v", err)
	}
	_, rest, _ := strings.Cut(string(b), "\n## Quick start\n")
	text, _, found := strings.Cut(rest, "\n## Under systemd\n")
	before, rest, toml := strings.Cut(text, "\n```toml\n")
	policy, after, end := strings.Cut(rest, "\n```\n")
	if !found || !toml || !end {
		t.Fatal("README.md has no quick start with a policy")
	}
	showing := false
	for line := range strings.Lines(before + after) {
		line, indented := strings.CutPrefix(strings.TrimRight(line, "\n"), "    ")
		shown, isShown := strings.CutPrefix(line, "$ ")
		switch {
		case indented && isShown:
			commands, showing = append(commands, said{command: shown}), true
		case indented && toRun.MatchString(line):
			commands, showing = append(commands, said{command: strings.TrimPrefix(line, "sudo ")}), false
		case showing && (indented || line == ""):
			last := &commands[len(commands)-1]
			last.shows = append(last.shows, line)
		default:
			showing = false
		}
	}
	return policy, commands
}

// toRun are commands of which nothing is shown.
var toRun = regexp.MustCompile(`^(sudo )?bin/`)

// A newcomer who types what the README says sees what it shows.
func TestREADME(t *testing.T) {
	needRoot(t)
	if runtime.GOARCH != "amd64" {
		t.Skip("what is shown is of amd64")
	}
	policy, commands := quickStart(t)
	dir := t.TempDir()
	if err := os.Symlink(bin, filepath.Join(dir, "bin")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "hello.toml"), []byte(policy+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, c := range commands {
		r := command(t, "sh", "-c", `cd "$0" && `+c.command, dir)
		want := strings.Split(strings.TrimSpace(strings.Join(c.shows, "\n")), "\n")
		if i := slices.Index(want, "..."); i >= 0 {
			want = want[:i]
		}
		if c.shows == nil {
			if r.code > 1 || r.stderr != "" { // 1 is explain's "no"
				t.Errorf("%s: %s", c.command, r)
			}
			continue
		}
		shown++
		got := strings.Split(strings.TrimSpace(r.stdout+r.stderr), "\n")
		if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
			t.Errorf("%s\n%s\nREADME.md shows\n%s", c.command, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if shown < 3 || len(commands) < 10 {
		t.Errorf("%d commands, %d with what they show: %+v", len(commands), shown, commands)
	}
}
