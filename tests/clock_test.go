package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// The clock that can be set, and jumps, is none of init's: a stop that waits for its
// grace asks the monotonic clock alone. That no other is asked without a system call
// is held by the layering: init does not link package time.
func TestR20WallClockIsNotAsked(t *testing.T) {
	needRoot(t)
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("needs strace")
	}
	log := filepath.Join(t.TempDir(), "log")
	calls := "trace=clock_gettime,gettimeofday,time,clock_nanosleep,timer_create,timer_settime,setitimer,timerfd_create,timerfd_settime,alarm"
	cmd := exec.Command("strace", append([]string{"-f", "-o", log, "-e", calls, "unshare", "-p", "-f", filepath.Join(bin, "casemate-init"), "--grace=1s", "--"}, hard("tree", "-1")...)...)
	p := &process{cmd: cmd, done: make(chan error, 1)}
	p.start(t)
	p.until(t, "ready")
	below := grandchildren(t, p.cmd.Process.Pid) // unshare, init, hard and its daemons
	if len(below) < 2 || procField(t, below[1], "Name") != "casemate-init" {
		t.Fatalf("strace has the descendants %v", below)
	}
	kill(t, below[1], syscall.SIGTERM)
	p.ended(t, 128+15, overdue)
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	asked := regexp.MustCompile(`(?m)^\d+ +(\w+)\((\w*)`).FindAllStringSubmatch(string(text), -1)
	monotonic := 0
	for _, call := range asked {
		if call[1] != "clock_gettime" || call[2] != "CLOCK_MONOTONIC" {
			t.Errorf("init asks %s(%s", call[1], call[2])
		} else {
			monotonic++
		}
	}
	if monotonic == 0 {
		t.Errorf("no clock was asked: %s", text)
	}
}

// A monotonic clock that is thirty years ahead, as after a long suspend or in a time
// namespace, changes no grace.
func TestR20ClockWithAnOffset(t *testing.T) {
	needRoot(t)
	if _, err := os.Stat("/proc/self/ns/time"); err != nil {
		t.Skip("needs time namespaces")
	}
	args := []string{"-T", "--monotonic=1000000000", "--boottime=1000000000", "-p", "-f", filepath.Join(bin, "casemate-init"), "--grace=1s", "--"}
	p := &process{cmd: exec.Command("unshare", append(args, hard("tree", "-1")...)...), done: make(chan error, 1)}
	p.start(t)
	p.until(t, "ready")
	below := children(t, p.cmd.Process.Pid)
	if len(below) != 1 {
		t.Fatalf("unshare has the children %v", below)
	}
	if offset, err := os.ReadFile(filepath.Join("/proc", strings.TrimSpace(procField(t, below[0].pid, "Pid")), "timens_offsets")); err != nil || !strings.Contains(string(offset), "1000000000") {
		t.Fatalf("the clock is where it was: %s, %v", offset, err)
	}
	kill(t, below[0].pid, syscall.SIGTERM)
	inTime(t, p.ended(t, 128+15, overdue))
}
