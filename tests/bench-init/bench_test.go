package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"casemate/tests/lab"
)

// laboratoryOrSkip is a laboratory of little patience.
func laboratoryOrSkip(t *testing.T) *laboratory {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: inits are PID 1 of new PID namespaces")
	}
	if cpus, err := lab.Processors(); err != nil || len(cpus) < 2 {
		t.Skipf("needs two processors: %v, %v", cpus, err)
	}
	if _, err := exec.LookPath("musl-gcc"); err != nil {
		t.Skip("musl-gcc is missing (musl-tools)")
	}
	l, err := newBench()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(l.dir) })
	return l
}

// built is casemate-init as it is shipped.
func built(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "casemate-init")
	cmd := exec.Command("go", "build", "-ldflags", "-s -w", "-o", path, "../../init")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// Every init that is there can be measured: each figure has a sample for each round.
func TestMeasures(t *testing.T) {
	l := laboratoryOrSkip(t)
	o := options{rounds: 2, bulk: 2 * batchSize, single: 20, signals: 40, starts: 4, init: built(t)}
	run, left := inits(l.dir, o)
	run, failed := l.warmUp(run)
	if len(failed) > 0 {
		t.Errorf("failed: %q", failed)
	}
	// Peers may be missing, the floor and ours may not.
	if want := 7 - len(left); len(run) != want || want < 3 {
		t.Fatalf("%d are measured; left out: %q", len(run), left)
	}
	l.measure(t.Context(), run, o)
	for _, s := range run {
		if s.failed != nil {
			t.Errorf("%s: %v", s.name, s.failed)
		}
		for row := range figures {
			if got := s.figures[row]; len(got) != o.rounds || got[0] <= 0 || got[1] <= 0 {
				t.Errorf("%s, %s: %v", s.name, rows[row].name, got)
			}
		}
	}
}

// An init that does not do its work is not measured: nobody waits for it for ever.
func TestBrokenInits(t *testing.T) {
	l := laboratoryOrSkip(t)
	compiled := func(name, loop string) *subject {
		path := filepath.Join(l.dir, name)
		source := "#define _GNU_SOURCE\n#include <signal.h>\n#include <sys/wait.h>\n#include <unistd.h>\n" +
			"int main(int argc, char **argv) { if (fork() == 0) { execv(argv[1], argv + 1); _exit(127); } " + loop + " }\n"
		if err := lab.CompileC([]byte(source), path); err != nil {
			t.Fatal(err)
		}
		return &subject{name: name, path: path, figures: map[figure][]float64{}}
	}
	l.patience = time.Second
	for _, c := range []struct {
		s    *subject
		want string
	}{
		{compiled("no-reaper", "for (;;) pause();"), "orphans in bulk: the workload says"},
		{compiled("deaf", "for (;;) wait(0);"), "signals: the sender"},
		{compiled("short", "return 3;"), "at rest:"},
		{&subject{name: "missing", path: "/no/such/init"}, "no such file"},
	} {
		run, failed := l.warmUp([]*subject{c.s})
		if len(run) != 0 || len(failed) != 1 || !strings.Contains(failed[0], c.want) {
			t.Errorf("%s: measured %d times; %q, want %q", c.s.name, len(run), failed, c.want)
		}
	}
}

func TestOptions(t *testing.T) {
	good := options{rounds: 2, bulk: 2, single: 2, signals: 2, starts: 2}
	if err := good.valid(); err != nil {
		t.Error(err)
	}
	for _, bad := range []options{{}, {rounds: 1}, {rounds: 3, bulk: 3, single: 3, signals: 3, starts: 2}, {rounds: -1, bulk: 1, single: 1, signals: 1, starts: 1}} {
		if bad.valid() == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}
