package tests

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A main child that is stopped is woken to hear TERM.
func TestR15StoppedMainChild(t *testing.T) {
	both(t, "stopped", []string{"wait"}, func(t *testing.T, p *process, init int) {
		main := mainChild(t, init)
		kill(t, main, unix.SIGSTOP)
		inState(t, main, "T")
		p.signal(t, syscall.SIGTERM)
		if took := p.ended(t, 128+15); took > grace {
			t.Errorf("it was not woken: %s", took)
		}
	})
}

// both runs a workload that waits, in the end, alone and under the shim, with the short grace.
func both(t *testing.T, service string, args []string, f func(t *testing.T, p *process, init int)) {
	t.Helper()
	t.Run("alone", func(t *testing.T) {
		needRoot(t)
		p := brief(t, hard(args...)...)
		p.until(t, "ready")
		f(t, p, p.cmd.Process.Pid)
	})
	t.Run("under the shim", func(t *testing.T) {
		needRoot(t)
		p := running(t, compiled(t, hardPolicy(service, grace.String(), args...)))
		p.until(t, "ready")
		f(t, p, initOf(t, p))
	})
}

// One that a debugger holds hears nothing, and is killed when the grace is over.
func TestR15TracedMainChild(t *testing.T) {
	both(t, "traced", []string{"wait"}, func(t *testing.T, p *process, init int) {
		hold(t, mainChild(t, init))
		p.signal(t, syscall.SIGTERM)
		inTime(t, p.ended(t, 128+9, overdue))
	})
}

// The same for one whose cgroup is frozen, so that its handler does not run. With version
// 2 KILL reaches it there.
func TestR15FrozenMainChild(t *testing.T) {
	both(t, "frozen", []string{"orphans", "4", "4"}, func(t *testing.T, p *process, init int) {
		p.until(t, "done")
		g := unified(t)
		g.take(t, mainChild(t, init))
		g.freeze(t)
		p.signal(t, syscall.SIGTERM)
		inTime(t, p.ended(t, 128+9, overdue))
	})
}

func (g group) freeze(t *testing.T) {
	t.Helper()
	g.set(t, "cgroup.freeze", "1")
	eventually(t, func() bool { return strings.Contains(g.get(t, "cgroup.events"), "frozen 1") }, func() string { return g.get(t, "cgroup.events") })
}

// Who looks at a file system that hangs cannot be killed. Init says what it can, goes
// after the grace and a second more, and is gone with the rest when the hang is over.
func TestR16HungFileSystem(t *testing.T) {
	needRoot(t)
	dir, end := hungFS(t)
	p := brief(t, hard("stat", filepath.Join(dir, "file"))...)
	p.until(t, "ready")
	main := mainChild(t, p.cmd.Process.Pid)
	inState(t, main, "SD")
	start := time.Now()
	p.signal(t, syscall.SIGTERM)
	inState(t, main, "D")
	eventually(t, func() bool { return strings.Contains(p.stderr.String(), overdue) }, func() string { return "nothing was said: " + p.stderr.String() })
	inTime(t, time.Since(start))
	inState(t, main, "D")
	end()
	p.ended(t, 128+15, overdue)
}
