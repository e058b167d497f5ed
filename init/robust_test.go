package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"casemate/internal/exit"
	"casemate/internal/gate"
	"casemate/internal/orders"
	"casemate/tests/lab"

	"golang.org/x/sys/unix"
)

// A standard error that is full and that nobody reads keeps init from nothing: the shim
// hears why the workload does not run, and init ends.
func TestStandardErrorIsFull(t *testing.T) {
	o := orders.Orders{Argv: []string{"/nothing"}, Cwd: "/", Stop: 15}
	i := startShimmed(t, shimmed{orders: &o, seals: sealed, via: []string{self, "probe", "fill", binary, "casemate-init"}})
	i.expect(t, gate.Ready)
	i.tell(t, gate.Release)
	if errno := syscall.Errno(i.expect(t, gate.ExecError)); errno != syscall.ENOENT {
		t.Errorf("the gate says %v", errno)
	}
	i.ends(t, exit.NotFound)
}

// init that is stopped from outside misses nothing: it reaps all and passes on what came.
func TestInitIsStoppedAndContinued(t *testing.T) {
	most := max(lab.Times(t, 500), 20)
	i := up(t, puppet(fmt.Sprintf("10=many:%d", most), "15=exit:5"))
	i.signal(t, syscall.SIGUSR1)
	i.until(t, "main 10")
	i.signal(t, syscall.SIGSTOP)
	i.until(t, "many")
	i.signal(t, syscall.SIGHUP)
	if n := len(children(t, i.pid)); n < most/5 {
		t.Errorf("only %d children wait for it", n)
	}
	i.signal(t, syscall.SIGCONT)
	i.until(t, "main 1")
	for end := time.Now().Add(patience); len(children(t, i.pid)) != 1; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d children", len(children(t, i.pid)))
		}
	}
	i.signal(t, syscall.SIGTERM)
	i.ends(t, 5)
}

// A main child that a debugger holds, and that so can be killed but not reaped, does not
// keep init longer than the grace and a second.
func TestTracedChild(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	o := puppet()
	o.Grace = 100
	i := up(t, o)
	main := i.main(t).pid
	if err := unix.PtraceSeize(main); err != nil {
		t.Fatal(err)
	}
	i.signal(t, syscall.SIGTERM)
	// init says that it leaves by closing the gate. Its namespace ends when the debugger
	// has let go.
	if m, open := i.hear(t); open {
		t.Errorf("init said %+v", m)
	}
	for {
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(main, &status, syscall.WALL, nil); err != nil {
			t.Fatal(err)
		}
		if !status.Stopped() {
			break
		}
		syscall.PtraceCont(main, int(status.StopSignal()))
	}
	i.ends(t, 128+9, "the grace is over")
}

// With no room for another queued signal in the kernel, TERM still asks for the end.
func TestSignalQueueIsFull(t *testing.T) {
	i := up(t, puppet("15=exit:5"))
	none := &unix.Rlimit{}
	if err := unix.Prlimit(i.pid, unix.RLIMIT_SIGPENDING, none, nil); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		i.cmd.Process.Signal(syscall.Signal(40))
	}
	i.signal(t, syscall.SIGTERM)
	i.ends(t, 5)
}

// When no process can be made any more, init works on: it makes none.
func TestProcessesRunOut(t *testing.T) {
	root := "/sys/fs/cgroup"
	if handed, _ := os.ReadFile(root + "/cgroup.subtree_control"); !slices.Contains(strings.Fields(string(handed)), "pids") {
		root += "/pids" // version 1
	}
	dir := root + "/casemate-init-" + strconv.Itoa(os.Getpid())
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skipf("needs the pids controller of cgroup version 1 or 2: %v", err)
	}
	t.Cleanup(func() {
		for end := time.Now().Add(patience); os.Remove(dir) != nil && time.Now().Before(end); time.Sleep(time.Millisecond) {
		}
	})
	i := up(t, puppet("10=orphan", "12=orphan", "15=exit:5"))
	i.orphaned(t)
	for _, p := range append(children(t, i.pid), process{pid: i.pid}) {
		if err := os.WriteFile(dir+"/cgroup.procs", []byte(strconv.Itoa(p.pid)), 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(dir+"/pids.max", []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	i.signal(t, syscall.SIGUSR2)
	i.until(t, "main 12")
	if l := i.line(t); !strings.Contains(l, "resource temporarily unavailable") {
		t.Errorf("the workload could still make a process: %s", l)
	}
	i.signal(t, syscall.SIGTERM)
	i.until(t, "other 15")
	for _, p := range children(t, i.pid) {
		syscall.Kill(p.pid, syscall.SIGKILL)
	}
	i.ends(t, 5)
}
