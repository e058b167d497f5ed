package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"casemate/internal/gate"
	"casemate/tests/lab"
)

type process struct {
	pid   int
	state string
}

// children are the children of a process, by its number here.
func children(t *testing.T, pid int) (list []process) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		var p process
		var parent int
		fmt.Sscan(string(text), &p.pid)
		_, rest, _ := strings.Cut(string(text), ") ")
		fmt.Sscan(rest, &p.state, &parent)
		if parent == pid {
			list = append(list, p)
		}
	}
	return list
}

// settles waits until nothing but the main child is left below init.
func (i *instance) settles(t *testing.T) {
	t.Helper()
	var left []process
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if left = children(t, i.pid); len(left) == 1 {
			return
		}
	}
	t.Fatalf("%d children are left: %v", len(left), left)
}

// stormy is a workload that makes orphans twice and stays.
func stormy(t *testing.T) string {
	return fmt.Sprintf(`"$0" probe orphans %d; "$0" probe orphans %d; exec sleep 1000`, lab.Times(t, 1000), lab.Times(t, 4000))
}

// Thousands of orphans are reaped, and reaping costs no memory.
func TestZombies(t *testing.T) {
	for name, start := range map[string]func(*testing.T) *instance{
		"alone": func(t *testing.T) *instance { return single(t, "/bin/sh", "-c", stormy(t), self) },
		"under the shim": func(t *testing.T) *instance {
			o := shell(stormy(t))
			o.Argv = append(o.Argv, self)
			i := ordered(t, o)
			i.expect(t, gate.Started)
			return i
		},
	} {
		t.Run(name, func(t *testing.T) {
			i := start(t)
			i.until(t, "done")
			before := i.status(t, "RssAnon")
			i.until(t, "done")
			i.settles(t)
			if after := i.status(t, "RssAnon"); after != before {
				t.Errorf("anonymous memory went from %s to %s", before, after)
			}
		})
	}
}

// Children that had ended before init was executed are reaped as well, and a SIGCHLD
// that was ignored and blocked then does not keep init from reaping.
func TestInheritedChildrenAndDispositions(t *testing.T) {
	needRoot(t)
	cmd := exec.Command(self, "probe", "enter", "signals=10000/10000", binary, binary, "--", "/bin/sh", "-c", stormy(t), self)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS, Setsid: true}
	i := begin(t, cmd)
	i.until(t, "done")
	i.until(t, "done")
	i.settles(t)

	// A shell that becomes init: its child is a zombie by then, or ends later.
	cmd = exec.Command("/bin/sh", "-c", `(exit 3) & sleep 0.1 & exec "$0" -- sleep 1000`, binary)
	cmd.SysProcAttr = pidns()
	begin(t, cmd).settles(t)
}

// Init that is not PID 1 takes in the orphans all the same.
func TestSubreaper(t *testing.T) {
	needRoot(t)
	cmd := exec.Command(self, "probe", "parent", binary, "--", "/bin/sh", "-c", stormy(t), self)
	cmd.SysProcAttr = pidns()
	i := begin(t, cmd)
	i.until(t, "done")
	i.until(t, "done")
	i.pid = children(t, cmd.Process.Pid)[0].pid
	i.settles(t)
	if err := syscall.Kill(i.pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	i.ends(t, 128+15)
}

// Orphans that end after the main child do not change the status; the namespace ends
// with the main child.
func TestMainChildDecides(t *testing.T) {
	i := single(t, "/bin/sh", "-c", "(sleep 1000 &); (exit 9) & exit 4")
	i.ends(t, 4)
}

// status is a line of init's /proc/PID/status.
func (i *instance) status(t *testing.T, key string) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", i.pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, key+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	t.Fatalf("/proc/PID/status lacks %s", key)
	return ""
}

// links are the names in a directory of init's /proc/PID.
func (i *instance) links(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/%s", i.pid, dir))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// Who ends does not keep init from the signals, however many there are.
func TestBatch(t *testing.T) {
	for _, which := range lab.Some(t, []string{"none", "all"}) {
		out, err := exec.Command(self, "probe", "batch", which).CombinedOutput()
		if err != nil || string(out) != "true true\ntrue\n" {
			t.Errorf("%s: %s, %v", which, out, err)
		}
	}
}
