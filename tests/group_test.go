package tests

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// group is a cgroup that a test has made. It is removed with what is in it when the test
// ends, however it ends.
type group string

// controlled makes a cgroup with a controller, which is version 1's on some machines and
// version 2's on others. What a policy sets is of version 2: see limits_test.go.
func controlled(t *testing.T, controller string) group {
	t.Helper()
	const root = "/sys/fs/cgroup"
	delegated, _ := os.ReadFile(root + "/cgroup.subtree_control") // version 1 has none
	if slices.Contains(strings.Fields(string(delegated)), controller) {
		return newGroup(t, root, "cgroup version 2")
	}
	return newGroup(t, filepath.Join(root, controller), "the controller "+controller+" of cgroup version 1 or 2")
}

// unified makes a cgroup of version 2, which has its core files without any controller.
func unified(t *testing.T) group {
	t.Helper()
	return newGroup(t, unifiedMount(t), "cgroup version 2")
}

// unifiedMount is where cgroup version 2 is mounted.
func unifiedMount(t *testing.T) string {
	t.Helper()
	for _, dir := range []string{"/sys/fs/cgroup/unified", "/sys/fs/cgroup"} {
		if _, err := os.Stat(dir + "/cgroup.controllers"); err == nil {
			return dir
		}
	}
	t.Skip("needs cgroup version 2")
	return ""
}

// ownGroup is the cgroup of version 2 that the shim has made for a process.
func ownGroup(t *testing.T, pid int) group {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	_, path, found := strings.Cut(string(text), "0::")
	if err != nil || !found {
		t.Fatalf("process %d lies in %q, %v", pid, text, err)
	}
	g := group(filepath.Join(unifiedMount(t), strings.TrimSpace(path)))
	if _, err := os.Stat(g.file("cgroup.freeze")); err != nil {
		t.Fatal(err)
	}
	return g
}

func newGroup(t *testing.T, parent, what string) group {
	t.Helper()
	if _, err := os.Stat(parent + "/cgroup.procs"); err != nil {
		t.Skipf("needs %s: %v", what, err)
	}
	g := group(filepath.Join(parent, fmt.Sprintf("casemate-test-%d-%d", os.Getpid(), time.Now().UnixNano())))
	if err := os.Mkdir(string(g), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.remove(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// remove kills what is in the group and removes it.
func (g group) remove() error {
	os.WriteFile(g.file("cgroup.freeze"), []byte("0"), 0) // version 2 alone
	var err error
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		text, _ := os.ReadFile(g.file("cgroup.procs")) // what cannot be read keeps the group from going
		for line := range strings.Lines(string(text)) {
			if pid, err := strconv.Atoi(strings.TrimSpace(line)); err == nil && pid > 1 {
				unix.Kill(pid, unix.SIGKILL)
			}
		}
		if err = unix.Rmdir(string(g)); err == nil || errors.Is(err, unix.ENOENT) {
			return nil
		}
	}
	return fmt.Errorf("rmdir %s: %w", g, err)
}

func (g group) file(name string) string { return filepath.Join(string(g), name) }

func (g group) set(t *testing.T, name, value string) {
	t.Helper()
	if err := os.WriteFile(g.file(name), []byte(value), 0); err != nil {
		t.Fatal(err)
	}
}

func (g group) get(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(g.file(name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// number is a file of one number.
func (g group) number(t *testing.T, name string) int {
	t.Helper()
	n, err := strconv.Atoi(g.get(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// members are the processes in the group.
func (g group) members(t *testing.T) (pids []int) {
	t.Helper()
	for _, word := range strings.Fields(g.get(t, "cgroup.procs")) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

// take moves processes into the group.
func (g group) take(t *testing.T, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		g.set(t, "cgroup.procs", strconv.Itoa(pid))
	}
}

// holds sees to it that processes lie in the group.
func (g group) holds(t *testing.T, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		place, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
		if err != nil || !strings.Contains(string(place), "/"+filepath.Base(string(g))+"\n") {
			t.Fatalf("process %d lies in %s, %v", pid, place, err)
		}
	}
}

// alone starts init as PID 1 of a PID namespace in the group, of which it is a member from
// before its first instruction on. The grace is short.
func (g group) alone(t *testing.T, command ...string) *process {
	t.Helper()
	args := append([]string{"-c", `echo 0 >"$0/cgroup.procs" && exec "$@"`, string(g), filepath.Join(bin, "casemate-init"), "--grace=1s", "--"}, command...)
	return asInit(t, exec.Command("/bin/sh", args...))
}
