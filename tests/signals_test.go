package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// forwardable tells whether a signal to the shim can be shown to reach a workload
// written in Go: KILL and STOP reach nobody, CHLD and URG are the shim's own, PROF the
// Go runtime's profiler takes, and 32 to 34 it leaves to the C library. The tests of
// init see them all.
func forwardable(n unix.Signal) bool {
	switch n {
	case unix.SIGKILL, unix.SIGSTOP, unix.SIGCHLD, unix.SIGURG, unix.SIGPROF, 32, 33, 34:
		return false
	}
	return true
}

func TestEachSignalIsForwarded(t *testing.T) {
	needRoot(t)
	p := running(t, compiled(t, policy("signals", `"/app/probe", "signals"`, "")))
	p.until(t, "ready")
	for n := unix.Signal(1); n <= 64; n++ {
		if forwardable(n) && n != unix.SIGTERM {
			p.signal(t, n)
			p.until(t, fmt.Sprintf("\n%d ", n))
		}
	}
	p.signal(t, unix.SIGTERM)
	r := p.wait(t)
	r.expect(t, 0)
	for n := unix.Signal(1); n <= 64; n++ {
		want := 0
		if forwardable(n) {
			want = 1
		}
		got := strings.Count(r.stdout, fmt.Sprintf("\n%d ", n))
		if n == unix.SIGCONT && got == 2 {
			got = 1 // one comes behind TERM, for a workload that is stopped; most have ended by then
		}
		// The probe's own runtime may preempt itself with URG.
		if got != want && n != unix.SIGURG {
			t.Errorf("signal %d arrived %d times, want %d", n, got, want)
		}
	}
}

func TestForwardMap(t *testing.T) {
	needRoot(t)
	more := "[signals]\nforward = { HUP = \"USR2\", USR1 = \"drop\" }\n"
	p := running(t, compiled(t, policy("rewrite", `"/app/probe", "signals"`, more)))
	p.until(t, "ready")
	p.signal(t, unix.SIGUSR1)
	p.signal(t, unix.SIGHUP)
	p.until(t, "\n12 ")
	p.signal(t, unix.SIGTERM)
	if r := p.wait(t); strings.Contains(r.stdout, "\n10 ") || strings.Contains(r.stdout, "\n1 ") {
		t.Errorf("rewritten or dropped signals arrived: %s", r)
	}
}

// The death of the shim, however sudden, takes the container with it; the next start
// cleans up what it has left.
func TestKilledShimLeavesNothingRunning(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, policy("orphaned", `"/app/probe", "sleep"`, ""))
	p := running(t, sealed)
	p.until(t, "ready")
	if before := processes(t); len(before) != 3 {
		t.Errorf("want shim, init and probe: %q", before)
	}
	p.signal(t, unix.SIGKILL)
	p.wait(t)
	for end := time.Now().Add(5 * time.Second); len(processes(t)) != 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still running: %q", processes(t))
		}
	}
	// Its state and cgroup are still there, and go with the next run.
	launch(t, compiled(t, policy("orphaned", `"/app/probe", "exit", "3"`, ""))).expect(t, 3)
}

func TestKilledInit(t *testing.T) {
	needRoot(t)
	p := running(t, compiled(t, policy("headless", `"/app/probe", "sleep"`, "")))
	p.until(t, "ready")
	for _, line := range processes(t) {
		if name, dir, _ := strings.Cut(line, " "); name == "casemate-init" {
			var pid int
			if _, err := fmt.Sscanf(dir, "/proc/%d", &pid); err != nil {
				t.Fatal(err)
			}
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
	}
	p.wait(t).expect(t, 137, "init was killed by SIGKILL")
}

func TestOnlyOneOfAName(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, policy("single", `"/app/probe", "sleep"`, ""))
	p := running(t, sealed)
	p.until(t, "ready")
	launch(t, sealed).expect(t, 248, "single", "already running")
	p.signal(t, unix.SIGTERM)
	p.wait(t).expect(t, 128+15)
}

func TestOrphansAreReaped(t *testing.T) {
	needRoot(t)
	count := soak(t, 300)
	r := launch(t, compiled(t, policy("orphans", `"/app/probe", "orphans"`, "")), "--", fmt.Sprint(count))
	r.expect(t, 0)
	if want := fmt.Sprintf("{\"orphans\": %d, \"zombies\": 0}\n", count); r.stdout != want {
		t.Errorf("want %q, got %s", want, r)
	}
}

// moments are so many, evenly spread over the time that a launch takes; where counts are
// less, fewer.
func moments(t *testing.T, n int, all time.Duration) (list []time.Duration) {
	t.Helper()
	for i := range n {
		list = append(list, all/time.Duration(n)*time.Duration(i))
	}
	return some(t, list)
}

// A signal that comes at any moment of the start ends the launch or the workload.
func TestR13SignalsDuringStart(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, hardPolicy("early", "1s", "wait"))
	for _, n := range []unix.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP} {
		for _, delay := range moments(t, 20, 16*time.Millisecond) {
			p := running(t, sealed)
			time.Sleep(delay)
			p.signal(t, n)
			// -1: before the shim has caught signals, its own default action.
			if r := p.wait(t); r.code != 128+int(n) && r.code != -1 {
				t.Errorf("%s after %s: %s", unix.SignalName(n), delay, r)
			}
		}
	}
}

// One that does not ask for an end waits for the workload, once the shim has begun: in its
// first few microseconds it ends the shim (early_test.go).
func TestR13SignalsWaitForTheWorkload(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, hardPolicy("early", "1s", "wait"))
	for _, delay := range moments(t, 20, 8*time.Millisecond) {
		p := running(t, sealed)
		for end := time.Now().Add(patience); ; {
			if _, err := os.Stat("/run/casemate/early"); err == nil {
				break
			}
			if time.Now().After(end) {
				t.Fatal("the launch does not begin")
			}
		}
		time.Sleep(delay)
		p.signal(t, unix.SIGUSR1)
		if r := p.wait(t); r.code != 128+int(unix.SIGUSR1) {
			t.Errorf("after %s: %s", delay, r)
		}
	}
}

// READY=1 arrives when the workload runs, and not when it cannot be executed.
func TestManagerIsTold(t *testing.T) {
	needRoot(t)
	socket := filepath.Join(t.TempDir(), "notify")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: socket}); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("NOTIFY_SOCKET", socket)
	launch(t, compiled(t, policy("told", `"/app/nothing"`, ""))).expect(t, 127)
	p := running(t, compiled(t, policy("told", `"/app/probe", "sleep"`, "")))
	buf := make([]byte, 64)
	n, err := unix.Read(fd, buf)
	if err != nil || string(buf[:n]) != "READY=1" {
		t.Errorf("the manager was told %q, %v", buf[:max(n, 0)], err)
	}
	p.until(t, "ready")
	p.signal(t, unix.SIGTERM)
	p.wait(t)
}

// What the manager has left open or set does not reach the workload.
func TestHygiene(t *testing.T) {
	needRoot(t)
	secret, err := os.Open("/etc")
	if err != nil {
		t.Fatal(err)
	}
	defer secret.Close()
	for _, name := range []string{"GODEBUG", "LD_PRELOAD", "LISTEN_FDS", "NOTIFY_SOCKET_X", "GOTRACEBACK", "BASH_ENV"} {
		t.Setenv(name, "1")
	}
	for range 40 {
		fd, err := unix.Dup(int(secret.Fd())) // not close-on-exec
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
	}
	r := confined(t, "")
	equal(t, "fds", len(r.FDs), 3)
	equal(t, "env", r.Env, []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"})
}

// The lock of a name is the cgroup's too: a shim with another state directory does not
// take a running container for a leftover.
func TestOnlyOneOfANameWhateverTheState(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, policy("single", `"/app/probe", "sleep"`, ""))
	p := running(t, sealed)
	p.until(t, "ready")
	other := filepath.Join(t.TempDir(), "state")
	command(t, filepath.Join(bin, "casemate-shim"), "run", "-state", other, sealed).expect(t, 248, "casemate-single", "already running")
	p.signal(t, unix.SIGTERM)
	p.wait(t).expect(t, 128+15)
}

// A SIGPIPE that somebody sends is handed over by whichever thread got it, and is not
// mistaken for the shim's own.
func TestBrokenPipeIsForwarded(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, policy("pipe", `"/app/probe", "signals"`, ""))
	for range soak(t, 10) {
		p := running(t, sealed)
		p.until(t, "ready")
		p.signal(t, unix.SIGPIPE)
		p.until(t, "\n13 ")
		p.signal(t, unix.SIGTERM)
		p.wait(t).expect(t, 0)
	}
}
