package tests

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// trees starts a workload that leaves daemons, alone and under the shim.
func trees(t *testing.T, f func(t *testing.T, start func(ms string) *process)) {
	t.Helper()
	t.Run("alone", func(t *testing.T) {
		needRoot(t)
		f(t, func(ms string) *process { return brief(t, hard("tree", ms)...) })
	})
	t.Run("under the shim", func(t *testing.T) {
		needRoot(t)
		f(t, func(ms string) *process {
			return running(t, compiled(t, hardPolicy("tree", grace.String(), "tree", ms)))
		})
	})
}

// Daemons that need a while to end get it, though the main child is gone at once. The
// status is the main child's.
func TestR17DaemonsEndCleanly(t *testing.T) {
	trees(t, func(t *testing.T, start func(string) *process) {
		p := start("600")
		p.until(t, "ready")
		p.signal(t, syscall.SIGTERM)
		took := p.ended(t, 128+15)
		if n := strings.Count(p.stdout.String(), "clean"); n != 3 || took < 600*time.Millisecond {
			t.Errorf("%d of 3 daemons ended cleanly, after %s", n, took)
		}
	})
}

// Daemons that do not end are killed when the grace is over, and not before.
func TestR17DaemonsThatDoNotEnd(t *testing.T) {
	trees(t, func(t *testing.T, start func(string) *process) {
		p := start("-1")
		p.until(t, "ready")
		p.signal(t, syscall.SIGTERM)
		inTime(t, p.ended(t, 128+15, overdue))
	})
}

// inTime checks that a stop took the grace and no more than a second longer, on a machine
// that is busy two.
func inTime(t *testing.T, took time.Duration) {
	t.Helper()
	if took < grace-10*time.Millisecond || took > grace+3*time.Second {
		t.Errorf("the end came after %s, with a grace of %s", took, grace)
	}
}
