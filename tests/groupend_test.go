package tests

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// groupOf is the control group of a service of the test's.
func groupOf(t *testing.T, service string) string {
	t.Helper()
	c := hostFacts(t).Cgroup
	if c.Mount == "" {
		t.Skip("needs cgroup version 2")
	}
	return filepath.Join(c.Mount, c.Own, "casemate-"+service)
}

// overgrow makes groups below one, as an engine inside would, with the given processes in the
// deepest, which is held open.
func overgrow(t *testing.T, dir string, pids ...int) {
	t.Helper()
	deep := filepath.Join(dir, "a", "b", "c")
	if err := errors.Join(os.MkdirAll(deep, 0o755), os.MkdirAll(filepath.Join(dir, "a", "empty"), 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		if err := os.WriteFile(deep+"/cgroup.procs", []byte(strconv.Itoa(pid)), 0); err != nil {
			t.Fatal(err)
		}
	}
	held, err := os.Open(deep)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { held.Close() })
}

// outsider is a process of somebody else's that has got into the container's group.
func outsider(t *testing.T) int {
	t.Helper()
	p := begin(t, "sleep", "1000")
	return p.cmd.Process.Pid
}

// A group with groups below it, with processes that ignore TERM and one that is not the
// container's, held open by somebody and removed by somebody else at the same time: it goes
// with the container, at its end and by recover. R21.
func TestR21GroupIsRemoved(t *testing.T) {
	needRoot(t)
	for _, end := range []string{"TERM", "KILL of the shim"} {
		t.Run(end, func(t *testing.T) {
			needRoot(t)
			p := running(t, compiled(t, hardPolicy("overgrown", "200ms", "tree", "-1")))
			p.until(t, "ready")
			dir := groupOf(t, "overgrown")
			init := initOf(t, p)
			inside := []int{outsider(t)}
			for _, c := range children(t, init) {
				inside = append(inside, c.pid)
			}
			overgrow(t, dir, inside...)
			stop, stopped := make(chan struct{}), make(chan int)
			go func() {
				n := 0
				for {
					select {
					case <-stop:
						stopped <- n
						return
					default:
					}
					for _, leaf := range []string{"a/b/c", "a/b", "a/empty", "a", ""} {
						if unix.Rmdir(filepath.Join(dir, leaf)) == nil {
							n++
						}
					}
				}
			}()
			if end == "TERM" {
				p.signal(t, syscall.SIGTERM)
				if r := p.wait(t); r.code != 128+9 && r.code != 128+15 || strings.Contains(r.stderr, "cgroup") {
					t.Errorf("the end: %s", r)
				}
			} else {
				p.signal(t, syscall.SIGKILL)
				p.wait(t)
				if r := recovers(t); r.code != 0 {
					t.Errorf("recover: %s", r)
				}
			}
			close(stop)
			t.Logf("somebody else has removed %d groups", <-stopped)
			if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is still there: %v", dir, err)
			}
		})
	}
}
