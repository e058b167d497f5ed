package tests

import (
	"errors"
	"os"
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

// Of a container that somebody has frozen nobody hears TERM, and init not that the grace is over:
// the shim kills it a second later. Of a part that is frozen init kills what did not hear; TERM
// without a handler ends what is frozen, too. Nothing stays.
func TestR15FrozenContainer(t *testing.T) {
	const inner = "/inner/most"
	for name, c := range map[string]struct {
		freeze []string
		code   int
		says   string
		extra  time.Duration
	}{
		"whole":              {[]string{""}, 128 + 9, "it is killed", time.Second},
		"a group in it":      {[]string{inner}, 128 + 15, overdue, 0},
		"a group around":     {[]string{"/inner"}, 128 + 15, overdue, 0},
		"the group, and all": {[]string{inner, ""}, 128 + 9, "it is killed", time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			needRoot(t)
			p := running(t, compiled(t, hardPolicy("frozen", grace.String(), "tree", "-1")))
			p.until(t, "ready")
			init := initOf(t, p)
			g := ownGroup(t, init)
			if err := os.MkdirAll(g.file(inner), 0o755); err != nil {
				t.Fatal(err)
			}
			group(g.file(inner)).take(t, grandchildren(t, init)...)
			for _, f := range c.freeze {
				group(g.file(f)).freeze(t)
			}
			p.signal(t, syscall.SIGTERM)
			inTime(t, p.ended(t, c.code, c.says)-c.extra)
			if _, err := os.Stat(string(g)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the cgroup is still there: %v", err)
			}
			if err := unix.Kill(init, 0); !errors.Is(err, unix.ESRCH) {
				t.Errorf("init is still there: %v", err)
			}
		})
	}
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
