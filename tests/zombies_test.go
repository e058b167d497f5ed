package tests

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// stays is an init whose workload leaves orphans and stays.
func stays(t *testing.T, count int, shimmed bool) (p *process, init int) {
	t.Helper()
	args := []string{"orphans", strconv.Itoa(count), "200"}
	if shimmed {
		p = running(t, compiled(t, hardPolicy("orphans", "5s", args...)))
		p.until(t, "ready")
		return p, initOf(t, p)
	}
	p = alone(t, hard(args...)...)
	return p, p.cmd.Process.Pid
}

// Tens of thousands of orphans, dead when init gets them or alive, executing something or
// left by a parent that blocks CHLD: none is left a second later, init's memory is what it
// was, and the main child's status is its own.
func TestR10Orphans(t *testing.T) {
	for _, shimmed := range some(t, []bool{true, false}) {
		t.Run(fmt.Sprintf("shim=%t", shimmed), func(t *testing.T) {
			needRoot(t)
			p, init := stays(t, soak(t, 25000), shimmed)
			p.until(t, "half")
			before := memoryOf(t, init)
			p.until(t, "done")
			start := time.Now()
			mainChild(t, init)
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("the last were reaped after %s", took)
			}
			if after := memoryOf(t, init); after != before {
				t.Errorf("init's anonymous memory went from %s to %s", before, after)
			}
			p.signal(t, syscall.SIGTERM)
			p.ended(t, 77)
		})
	}
}

// While init is stopped, CHLD signals merge into one. It does not count them: all who
// have ended are reaped when it goes on, and the main child's status is among them.
func TestR11InitStopped(t *testing.T) {
	for _, shimmed := range some(t, []bool{true, false}) {
		t.Run(fmt.Sprintf("shim=%t", shimmed), func(t *testing.T) {
			needRoot(t)
			count := soak(t, 10000)
			p, init := stays(t, count, shimmed)
			p.until(t, "ready")
			kill(t, init, syscall.SIGSTOP)
			p.until(t, "done")
			list := children(t, init)
			if len(list) < count/2 {
				t.Errorf("while init was stopped %d children were left", len(list))
			}
			kill(t, init, syscall.SIGCONT)
			main := mainChild(t, init)
			kill(t, init, syscall.SIGSTOP)
			kill(t, main, syscall.SIGTERM)
			inState(t, main, "Z")
			kill(t, init, syscall.SIGCONT)
			p.ended(t, 77)
		})
	}
}

// The same while a debugger of root's holds init.
func TestR11InitTraced(t *testing.T) {
	needRoot(t)
	p := alone(t, hard("orphans", "2000", "200")...)
	p.until(t, "ready")
	init := p.cmd.Process.Pid
	release := hold(t, init)
	p.until(t, "done")
	release()
	mainChild(t, init)
	p.signal(t, syscall.SIGTERM)
	p.ended(t, 77)
}

// hold keeps a process in a ptrace stop until it is released, or the test ends.
func hold(t *testing.T, pid int) (release func()) {
	t.Helper()
	tracer := &process{cmd: exec.Command(hard()[0], "hold", strconv.Itoa(pid)), done: make(chan error, 1)}
	in, err := tracer.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	tracer.start(t)
	tracer.until(t, "ready")
	inState(t, pid, "t")
	return func() {
		in.Close()
		tracer.ended(t, 0)
	}
}

// CHLD that was ignored when init was started does not keep it from reaping.
func TestR11InheritedIgnoredCHLD(t *testing.T) {
	needRoot(t)
	cmd := exec.Command("/bin/sh", append([]string{"-c", `trap "" CHLD; exec "$0" -- "$@"`, filepath.Join(bin, "casemate-init")}, hard("orphans", "2000", "200")...)...)
	p := asInit(t, cmd)
	p.until(t, "done")
	mainChild(t, p.cmd.Process.Pid)
	p.signal(t, syscall.SIGTERM)
	p.ended(t, 77)
}
