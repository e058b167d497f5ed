package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"casemate/internal/exit"
	"casemate/internal/gate"
	"casemate/internal/orders"

	"golang.org/x/sys/unix"
)

// passed makes sockets for the workload.
func passed(t *testing.T, n int) (files []*os.File) {
	t.Helper()
	for i := range n {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		f := os.NewFile(uintptr(fd), fmt.Sprintf("socket %d", i))
		t.Cleanup(func() { f.Close() })
		files = append(files, f)
	}
	return files
}

// link is what a descriptor leads to.
func link(t *testing.T, path string) string {
	t.Helper()
	text, err := os.Readlink(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// withSockets starts a workload with so many sockets.
func withSockets(t *testing.T, script string, files []*os.File) *instance {
	t.Helper()
	o := shell(script)
	o.Sockets, o.OwnPID = uint8(len(files)), []string{"LISTEN_PID", "WATCHDOG_PID"}
	i := startShimmed(t, shimmed{orders: &o, seals: sealed, passed: files})
	i.expect(t, gate.Ready)
	i.tell(t, gate.Release)
	return i
}

// The sockets arrive in their order, whatever their count, from 3 up, and nothing else:
// not init's copies, not the gate. The workload's own number is in its environment.
func TestSockets(t *testing.T) {
	needRoot(t)
	const script = `for fd in /proc/self/fd/*; do [ -e $fd ] && echo ${fd##*/} $(readlink $fd); done; echo $$ $LISTEN_PID $WATCHDOG_PID`
	for _, n := range []int{0, 1, 2, 3, 4, 5, 6, 8, 9, 47, 48} {
		files := passed(t, n)
		i := withSockets(t, script, files)
		i.expect(t, gate.Started)
		i.expect(t, gate.Exited)
		lines := strings.Split(strings.TrimSpace(i.output(t)), "\n")
		got := map[string]string{}
		for _, l := range lines[:len(lines)-1] {
			number, to, _ := strings.Cut(l, " ")
			got[number] = to
		}
		if len(got) != 3+n {
			t.Errorf("%d sockets: %q", n, lines)
		}
		for k, f := range files {
			if want := link(t, fmt.Sprintf("/proc/self/fd/%d", f.Fd())); got[fmt.Sprint(3+k)] != want {
				t.Errorf("%d sockets: descriptor %d is %s, not %s", n, 3+k, got[fmt.Sprint(3+k)], want)
			}
		}
		if last := strings.Fields(lines[len(lines)-1]); len(last) != 3 || last[0] != last[1] || last[0] != last[2] {
			t.Errorf("%d sockets: the workload, LISTEN_PID and WATCHDOG_PID are %q", n, last)
		}
	}
}

// Init keeps none of them, whether the workload runs or cannot be executed: whoever
// connects would wait for ever.
func TestSocketsAreClosedInInit(t *testing.T) {
	i := withSockets(t, "echo ready; exec sleep 1000", passed(t, 3))
	i.expect(t, gate.Started)
	i.until(t, "ready")
	var open []string
	for fd := range 64 {
		if to, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", i.pid, fd)); err == nil && fd > 2 {
			open = append(open, fmt.Sprint(fd, " ", strings.Split(to, ":")[0]))
		}
	}
	if strings.Join(open, ",") != "4 socket" {
		t.Errorf("open in init: %q", open)
	}
}

// A socket that the orders promise and that is not there: nothing is started.
func TestSocketMissing(t *testing.T) {
	o := shell("echo started")
	o.Sockets = 2
	i := startShimmed(t, shimmed{orders: &o, seals: sealed, passed: passed(t, 1)})
	i.ends(t, exit.Usage, "a descriptor of the service manager's is missing")
	if i.stdout.Len() != 0 {
		t.Errorf("it says %q", i.stdout.String())
	}
}

func TestSocketsBounded(t *testing.T) {
	if _, err := orders.Encode(&orders.Orders{Argv: []string{"/a"}, Sockets: 49, Stop: 15}); err == nil {
		t.Error("49 sockets are encoded")
	}
	if orders.SocketFD+48 > 64 {
		t.Error("they would reach the descriptors of the shim's child from 64 up")
	}
}
