package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"casemate/tests/lab"

	"golang.org/x/sys/unix"
)

// soak is n times what CASEMATE_SOAK says, 1 at least.
func soak(t *testing.T, n int) int {
	t.Helper()
	return lab.Times(t, n)
}

// some are those elements that a run looks at by CASEMATE_SOAK.
func some[T any](t *testing.T, all []T) []T {
	t.Helper()
	return lab.Some(t, all)
}

// slow tells that everything is: bounds of time say nothing there.
func slow(t *testing.T) bool {
	t.Helper()
	return lab.Slow(t)
}

// hard is a mode of the workload of that name, as command line.
func hard(args ...string) []string {
	return append([]string{filepath.Join(bin, "app", "hard")}, args...)
}

// alone starts `casemate-init -- command` as PID 1 of a PID namespace.
func alone(t *testing.T, command ...string) *process {
	t.Helper()
	return asInit(t, exec.Command(filepath.Join(bin, "casemate-init"), append([]string{"--"}, command...)...))
}

// brief is alone with so short a grace, which begins with TERM.
func brief(t *testing.T, command ...string) *process {
	t.Helper()
	return asInit(t, exec.Command(filepath.Join(bin, "casemate-init"), append([]string{"--grace=" + grace.String(), "--"}, command...)...))
}

// grace is the short one of the tests.
const grace = time.Second

// asInit starts a command as PID 1 of a PID namespace and the leader of a session.
func asInit(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWPID
	cmd.SysProcAttr.Setsid = true
	p := &process{cmd: cmd, done: make(chan error, 1)}
	p.start(t)
	return p
}

// hardPolicy is a policy for a mode of hard, with a grace.
func hardPolicy(service, grace string, args ...string) string {
	argv := `"/app/hard"`
	for _, a := range args {
		argv += fmt.Sprintf(", %q", a)
	}
	return policy(service, argv, fmt.Sprintf("[signals]\ngrace = %q\n", grace))
}

// relative is a process and its state, as proc_pid_stat(5) has them.
type relative struct {
	pid         int
	name, state string
}

// children are the children of a process, by its number here.
func children(t *testing.T, pid int) (list []relative) {
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
		var r relative
		var parent int
		fmt.Sscan(string(text), &r.pid)
		_, rest, _ := strings.Cut(string(text), "(")
		end := strings.LastIndex(rest, ") ")
		r.name = rest[:end]
		fmt.Sscan(rest[end+2:], &r.state, &parent)
		if parent == pid {
			list = append(list, r)
		}
	}
	return list
}

// mainChild is the number of init's one child here; it waits for the others to be reaped.
func mainChild(t *testing.T, init int) int {
	t.Helper()
	var list []relative
	eventually(t, func() bool { list = children(t, init); return len(list) == 1 }, func() string { return fmt.Sprintf("init has the children %v", list) })
	return list[0].pid
}

// initOf is the init below a shim.
func initOf(t *testing.T, p *process) int {
	t.Helper()
	list := children(t, p.cmd.Process.Pid)
	if len(list) != 1 || list[0].name != "casemate-init" {
		t.Fatalf("the shim has the children %v", list)
	}
	return list[0].pid
}

// eventually waits until a thing is so; what says what is there instead.
func eventually(t *testing.T, so func() bool, what func() string) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what())
		}
	}
}

// state waits until a process is in one of the states, as proc_pid_stat(5) names them.
func inState(t *testing.T, pid int, states string) {
	t.Helper()
	var now string
	eventually(t, func() bool { now = procField(t, pid, "State"); return strings.Contains(states, now[:1]) },
		func() string { return fmt.Sprintf("process %d is %s, want one of %s", pid, now, states) })
}

// procField is a line of /proc/PID/status.
func procField(t *testing.T, pid int, key string) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, key+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	t.Fatalf("/proc/%d/status lacks %s", pid, key)
	return ""
}

// memoryOf is the anonymous memory of an init that has nothing more to set up: its other
// threads have ended.
func memoryOf(t *testing.T, init int) string {
	t.Helper()
	eventually(t, func() bool { return procField(t, init, "Threads") == "1" }, func() string { return "init has threads: " + procField(t, init, "Threads") })
	return procField(t, init, "RssAnon")
}

// ended waits for the end and gives the time that it took.
func (p *process) ended(t *testing.T, code int, texts ...string) time.Duration {
	t.Helper()
	start := time.Now()
	r := p.wait(t)
	took := time.Since(start)
	r.expect(t, code, texts...)
	if len(texts) == 0 && r.stderr != "" {
		t.Errorf("standard error: %s", r)
	}
	return took
}

// kill sends a signal to a process that must be there.
func kill(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := unix.Kill(pid, s); err != nil {
		t.Fatalf("kill %d: %v", pid, err)
	}
}
