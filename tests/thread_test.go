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
// Go program that wants one. This one wants none: not while a thread of its own hangs, writing
// a line that nobody reads, nor to pass signals on, nor to end.
func TestNoThreadIsToBeHad(t *testing.T) {
	needRoot(t)
	g := controlled(t, "pids")
	sealed := compiled(t, withContract("threads", `, "FDSTORE=1", "wait"`, `ready = "notify"`))
	for _, full := range []bool{false, true} {
		t.Run(fmt.Sprintf("stderr full=%t", full), func(t *testing.T) {
			stderr, err := os.OpenFile(filepath.Join(t.TempDir(), "stderr"), os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			defer stderr.Close()
			if full {
				stderr = stuffed(t)
			}
			p := &process{cmd: exec.Command(filepath.Join(bin, "casemate-shim"), "run", sealed), done: make(chan error, 1)}
			p.cmd.Env = []string{manager(t, filepath.Join(t.TempDir(), "notify")).env()}
			p.cmd.Stdout, p.cmd.Stderr = &p.stdout, stderr
			p.start(t)
			p.until(t, "ready")
			g.take(t, p.cmd.Process.Pid, initOf(t, p))
			g.set(t, "pids.max", "1")
			for range 50 {
				p.signal(t, unix.SIGUSR1)
				time.Sleep(time.Millisecond)
			}
			p.signal(t, unix.SIGTERM)
			p.wait(t).expect(t, 128+15)
			g.set(t, "pids.max", "max")
		})
	}
}
