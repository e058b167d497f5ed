package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A shim whose unit has as many tasks as it may have cannot make a thread any more, which ends a
// Go program that wants one. This one wants none: not to pass signals on, nor to end, nor while
// a thread of its own hangs with a line that nobody reads, said before or after.
func TestNoThreadIsToBeHad(t *testing.T) {
	needRoot(t)
	if os.Getenv("CASEMATE_LAUNCHES") != "all" {
		t.Skip("once in many launches the shim hangs here (SECURITY.md, Known limits): needs make soak")
	}
	g := controlled(t, "pids")
	before := compiled(t, withContract("threads", `, "FDSTORE=1", "wait"`, `ready = "notify"`))
	silent := compiled(t, hardPolicy("threads", "5s", "wait"))
	for _, c := range []struct {
		sealed string
		full   bool // standard error
		signal unix.Signal
		to     func(*process) int
		code   int
	}{
		{before, false, unix.SIGTERM, shimOf, 128 + 15},
		{before, true, unix.SIGTERM, shimOf, 128 + 15},
		{silent, true, unix.SIGTERM, shimOf, 128 + 15},
		{silent, true, unix.SIGKILL, func(p *process) int { return initOf(t, p) }, 128 + 9},
	} {
		for range soak(t, 3) {
			name := fmt.Sprintf("%s, standard error full: %t, %s", filepath.Base(filepath.Dir(c.sealed)), c.full, unix.SignalName(c.signal))
			stderr, err := os.OpenFile(filepath.Join(t.TempDir(), "stderr"), os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			defer stderr.Close()
			if c.full {
				stderr = stuffed(t)
			}
			p := &process{cmd: exec.Command(filepath.Join(bin, "casemate-shim"), "run", c.sealed), done: make(chan error, 1)}
			p.cmd.Env = []string{manager(t, filepath.Join(t.TempDir(), "notify")).env()}
			p.cmd.Stdout, p.cmd.Stderr = &p.stdout, stderr
			p.start(t)
			p.until(t, "ready")
			g.take(t, p.cmd.Process.Pid, initOf(t, p))
			g.set(t, "pids.max", "1")
			for range 20 {
				p.signal(t, unix.SIGCONT)
				time.Sleep(time.Millisecond)
			}
			kill(t, c.to(p), c.signal)
			if r := p.wait(t); r.code != c.code {
				text, _ := os.ReadFile(stderr.Name())
				t.Errorf("%s: %s%.300s", name, r, text)
			}
			g.set(t, "pids.max", "max")
		}
	}
}

func shimOf(p *process) int { return p.cmd.Process.Pid }
