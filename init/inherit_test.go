package main

import (
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"testing"

	"casemate/internal/gate"
	"casemate/tests/lab"
)

// maskLine is a line of /proc/PID/status about signals.
var maskLine = regexp.MustCompile(`(?m)^(Sig[A-Z][a-z]+|ShdPnd):\t([0-9a-f]{16})$`)

// masks reads them.
func masks(t *testing.T, status string) map[string]uint64 {
	t.Helper()
	m := map[string]uint64{}
	for _, l := range maskLine.FindAllStringSubmatch(status, -1) {
		n, err := strconv.ParseUint(l[2], 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		m[l[1]] = n
	}
	if len(m) != 5 {
		t.Fatalf("not a status: %s", status)
	}
	return m
}

// given is a command that runs an init with these signals ignored and blocked, whose
// workload prints its own.
func given(ignored, blocked uint64, init ...string) *exec.Cmd {
	args := append([]string{"probe", "enter", fmt.Sprintf("signals=%x/%x", ignored, blocked), init[0]}, init...)
	cmd := exec.Command(self, append(args, "/bin/cat", "/proc/self/status")...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	return cmd
}

// uncatchable are KILL and STOP, which are neither ignored nor blocked.
const uncatchable = 1<<(syscall.SIGKILL-1) | 1<<(syscall.SIGSTOP-1)

// Alone, the workload starts with those signals ignored and blocked that were when init was
// started: each of them by itself, all of them, none.
func TestInheritedSignals(t *testing.T) {
	needRoot(t)
	check := func(ignored, blocked uint64) {
		t.Helper()
		i := begin(t, given(ignored, blocked, binary, "--"))
		m := masks(t, i.output(t))
		if m["SigIgn"] != ignored&^uncatchable || m["SigBlk"] != blocked&^uncatchable || m["SigCgt"] != 0 {
			t.Errorf("given %#x ignored and %#x blocked, the workload has %#x, %#x and catches %#x", ignored, blocked, m["SigIgn"], m["SigBlk"], m["SigCgt"])
		}
	}
	check(0, 0)
	check(^uint64(0), ^uint64(0))
	for _, n := range lab.Some(t, numbers(0, 63)) {
		check(1<<n, 0)
		check(0, 1<<n)
	}
}

// Under the shim the workload starts with nothing blocked, nothing ignored and no handlers,
// whatever init was started with.
func TestOrderedWorkloadHasDefaultSignals(t *testing.T) {
	check := func(i *instance) {
		t.Helper()
		i.expect(t, gate.Ready)
		i.tell(t, gate.Release)
		if m := masks(t, i.output(t)); m["SigIgn"]|m["SigBlk"]|m["SigCgt"]|m["SigPnd"]|m["ShdPnd"] != 0 {
			t.Errorf("the workload has %#x", m)
		}
	}
	o := shell("")
	o.Argv = []string{"/bin/cat", "/proc/self/status"}
	check(startShimmed(t, shimmed{orders: &o, seals: sealed}))
	check(startShimmed(t, shimmed{
		orders: &o, seals: sealed,
		attr: &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS},
		via:  []string{self, "probe", "enter", "signals=ffffffffffffffff/ffffffffffffffff", binary, "casemate-init"},
	}))
}
