package tests

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

// bounded is a group with so much memory, of either version of cgroups.
func bounded(t *testing.T, most string) group {
	t.Helper()
	g := controlled(t, "memory")
	for _, file := range []string{"memory.max", "memory.limit_in_bytes"} {
		if _, err := os.Stat(g.file(file)); err == nil {
			g.set(t, file, most)
			return g
		}
	}
	t.Fatalf("%s has no limit of memory", g)
	return ""
}

// kills is how many processes the kernel has killed in a memory cgroup for want of memory.
func (g group) kills(t *testing.T) (n int) {
	t.Helper()
	for _, file := range []string{"memory.events", "memory.oom_control"} {
		text, err := os.ReadFile(g.file(file))
		if err != nil {
			continue
		}
		_, count, _ := strings.Cut(string(text), "oom_kill ")
		if _, err := fmt.Sscan(count, &n); err != nil {
			t.Fatalf("%s: %v: %s", file, err, text)
		}
		return n
	}
	t.Fatalf("%s counts no kills", g)
	return 0
}

// A workload that takes all the memory there is loses the process that takes it; init, of
// the same cgroup, answers all the while, and reaps it. It has no memory to ask for.
func TestR09MemoryExhausted(t *testing.T) {
	for name, start := range map[string]func(*testing.T, group) *process{
		"alone": func(t *testing.T, g group) *process {
			p := g.alone(t, hard("eat")...)
			p.until(t, "ready")
			return p
		},
		"under the shim": func(t *testing.T, g group) *process {
			p := running(t, compiled(t, hardPolicy("eater", "5s", "eat")))
			p.until(t, "ready")
			init := initOf(t, p)
			g.take(t, init, mainChild(t, init))
			return p
		},
	} {
		t.Run(name, func(t *testing.T) {
			needRoot(t)
			g := bounded(t, "32M")
			p := start(t, g)
			init := p.cmd.Process.Pid
			if name != "alone" {
				init = initOf(t, p)
			}
			before := memoryOf(t, init)
			g.holds(t, init, mainChild(t, init))
			p.signal(t, syscall.SIGUSR1)
			_, p99 := p.answers(t, soak(t, 20))
			t.Logf("answers while memory runs out within %s", p99)
			eventually(t, func() bool { return g.kills(t) > 0 }, func() string { return fmt.Sprintf("nothing was killed in %s", g) })
			_, p99 = p.answers(t, soak(t, 20))
			t.Logf("answers after that within %s", p99)
			mainChild(t, init) // the eater is reaped
			if after := memoryOf(t, init); after != before {
				t.Errorf("init's anonymous memory went from %s to %s", before, after)
			}
			p.signal(t, syscall.SIGTERM)
			p.ended(t, 128+15)
		})
	}
}

// The kernel killing the main child for want of memory is a death by KILL like any other.
func TestR09MainChildKilled(t *testing.T) {
	needRoot(t)
	g := bounded(t, "32M")
	for range soak(t, 3) {
		before := g.kills(t)
		// A shell that becomes the eater: all its memory is the main child's.
		g.alone(t, "/bin/sh", "-c", `ulimit -v 524288 && x=0123456789abcdef && while :; do x=$x$x; done`).ended(t, 128+9)
		if g.kills(t) == before {
			t.Error("it was not the kernel that killed it")
		}
	}
}
