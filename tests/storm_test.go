package tests

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// stormy is an init under a storm of signals that its workload makes.
func stormy(t *testing.T, count int, shimmed bool) (p *process, init int) {
	t.Helper()
	// The kernel counts what is queued by user: a long storm would leave nothing to the machine.
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_SIGPENDING, &before); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_SIGPENDING, &unix.Rlimit{Cur: min(before.Cur, 20000), Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_SIGPENDING, &before)
	if shimmed {
		p = running(t, compiled(t, hardPolicy("storm", "5s", "storm", strconv.Itoa(count))))
		p.until(t, "ready")
		return p, initOf(t, p)
	}
	p = alone(t, hard("storm", strconv.Itoa(count))...)
	p.until(t, "ready")
	return p, p.cmd.Process.Pid
}

// Signals of all 64 numbers, KILL, STOP and faults among them, as many as can be sent, some
// with forged siginfo: init lives, is silent, takes no memory, and TERM from outside is
// neither lost nor late, in the middle of the storm and after.
func TestS47R14StormFromInside(t *testing.T) {
	for _, shimmed := range some(t, []bool{true, false}) {
		t.Run(fmt.Sprintf("shim=%t", shimmed), func(t *testing.T) {
			needRoot(t)
			p, _ := stormy(t, 1<<30, shimmed)
			p.signal(t, syscall.SIGTERM)
			if took := p.ended(t, 77); took > prompt {
				t.Errorf("TERM in the storm was answered after %s", took)
			}
			p, init := stormy(t, soak(t, 40000), shimmed)
			before := memoryOf(t, init)
			p.until(t, "sent")
			if after := memoryOf(t, init); after != before {
				t.Errorf("init's anonymous memory went from %s to %s", before, after)
			}
			p.signal(t, syscall.SIGTERM)
			p.ended(t, 77)
		})
	}
}

// The same from outside: a manager that sends whatever there is.
func TestS47R14StormFromOutside(t *testing.T) {
	for _, shimmed := range some(t, []bool{true, false}) {
		t.Run(fmt.Sprintf("shim=%t", shimmed), func(t *testing.T) {
			needRoot(t)
			p, init := stormy(t, 1, shimmed)
			before := memoryOf(t, init)
			for i := range soak(t, 20000) {
				if n := unix.Signal(i%64 + 1); n != unix.SIGKILL && n != unix.SIGSTOP && n != unix.SIGTERM {
					kill(t, p.cmd.Process.Pid, n)
				}
			}
			if after := memoryOf(t, init); after != before {
				t.Errorf("init's anonymous memory went from %s to %s", before, after)
			}
			p.signal(t, syscall.SIGTERM)
			p.ended(t, 77)
		})
	}
}

// Signals of a lower number that never end, which the kernel gives first, do not keep TERM from
// init.
func TestS47R14SignalsWithoutEnd(t *testing.T) {
	both(t, "drum", []string{"drum"}, func(t *testing.T, p *process, init int) {
		time.Sleep(50 * time.Millisecond)
		p.signal(t, syscall.SIGTERM)
		if took := p.ended(t, 77); took > grace {
			t.Errorf("TERM was answered after %s", took)
		}
	})
}

// A queue of real-time signals that is full does not keep TERM from init.
func TestR14QueueFull(t *testing.T) {
	needRoot(t)
	p := &process{cmd: exec.Command(bin+"/casemate-init", append([]string{"--"}, hard("queue")...)...), done: make(chan error, 1)}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, Setsid: true}
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	p.start(t)
	p.until(t, "ready")
	init := p.cmd.Process.Pid
	memoryOf(t, init) // until its threads have ended
	limit := &unix.Rlimit{Cur: 3000, Max: 3000}
	for _, pid := range append(grandchildren(t, init), init) {
		if err := unix.Prlimit(pid, unix.RLIMIT_SIGPENDING, limit, nil); err != nil {
			t.Fatal(err)
		}
	}
	kill(t, init, unix.SIGSTOP)
	inState(t, init, "T")
	if _, err := in.Write([]byte("go\n")); err != nil {
		t.Fatal(err)
	}
	p.until(t, "full")
	var count int
	_, text, _ := strings.Cut(p.stdout.String(), "full ")
	if fmt.Sscan(text, &count); count < 1000 {
		t.Errorf("%d signals filled the queue", count)
	}
	kill(t, init, unix.SIGTERM)
	kill(t, init, unix.SIGCONT)
	p.ended(t, 77)
}

// grandchildren are all processes below one.
func grandchildren(t *testing.T, pid int) (list []int) {
	t.Helper()
	for _, c := range children(t, pid) {
		list = append(append(list, c.pid), grandchildren(t, c.pid)...)
	}
	return list
}
