package sys

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"casemate/internal/exit"
	"casemate/tests/lab"

	"golang.org/x/sys/unix"
)

// The helpers need the main thread.
func init() { runtime.LockOSThread() }

// TestMain is the helper, in a process of its own, when it is called with a name.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "helper" {
		helper(os.Args[2], os.Args[3:])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func helper(name string, args []string) {
	if err := CatchAll(); err != nil {
		fmt.Println(err)
		os.Exit(99)
	}
	var info Siginfo
	switch name {
	case "relay": // a neighbour sends the signal while the main thread does not wait for any
		if err := exec.Command("/bin/sh", "-c", "kill -"+args[0]+" $PPID").Run(); err != nil {
			fmt.Println(err)
		}
		for pending() { // until another thread has taken it
			time.Sleep(time.Millisecond)
		}
		for strconv.Itoa(int(info.Signo)) != args[0] {
			RtSigtimedwait(AllSignals, &info, 0)
		}
		fmt.Println(info.Signo, info.Code, int(info.PID) == os.Getpid())
	case "fault": // in a thread that is not the main thread
		go func() { **new(*int) = 1 }()
		for {
			RtSigtimedwait(AllSignals, &info, 0)
		}
	case "mainfault":
		**new(*int) = 1
	case "threads":
		for range 12 {
			go func() {
				runtime.LockOSThread()
				syscall.Pause()
			}()
		}
		time.Sleep(20 * time.Millisecond) // most of them are there by now; any number is fine
		Pin()
		for limit := int64(1 << 20); limit < 1<<32 && !EndOtherThreads(); limit *= 2 {
			RtSigtimedwait(0, &info, limit)
		}
		Write(1, []byte("alone\n"))
		for info.Signo != int32(syscall.SIGTERM) {
			RtSigtimedwait(AllSignals, &info, 0)
		}
		Exit(7)
	}
}

// pending tells whether a signal other than SIGCHLD waits for any thread of the process.
func pending() bool {
	text, err := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(text), "ShdPnd:\t")
	set, parse := strconv.ParseUint(rest[:16], 16, 64)
	return err == nil && parse == nil && set&^(1<<(syscall.SIGCHLD-1)) != 0
}

// start runs a helper as PID 1 of a PID namespace, where its signals stay.
func start(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: the helper is PID 1 of a new PID namespace")
	}
	cmd := exec.Command("/proc/self/exe", append([]string{"helper"}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	return cmd
}

// Whatever arrives in another thread comes to the main thread, sent by ourselves.
func TestRelay(t *testing.T) {
	var all []int
	for n := 1; n <= LastSignal; n++ {
		if Catchable(n) && n != int(syscall.SIGCHLD) {
			all = append(all, n)
		}
	}
	for _, n := range lab.Some(t, all) {
		out, err := start(t, "relay", strconv.Itoa(n)).CombinedOutput()
		if want := fmt.Sprintln(n, CodeTkill, true); err != nil || string(out) != want {
			t.Errorf("signal %d: %s, %v", n, out, err)
		}
	}
}

func TestFaultInAnotherThread(t *testing.T) {
	out, err := start(t, "fault").CombinedOutput()
	var ee *exec.ExitError
	if !errors.As(err, &ee) || ee.ExitCode() != exit.Bug || string(out) != faultText {
		t.Errorf("%v: %s", err, out)
	}
}

// A fault of the main thread, which blocks the signal, is the kernel's to deal with.
func TestFaultInMainThread(t *testing.T) {
	var ee *exec.ExitError
	if err := start(t, "mainfault").Run(); !errors.As(err, &ee) {
		t.Fatal(err)
	}
	if s := ee.Sys().(syscall.WaitStatus); s.Signal() != syscall.SIGSEGV {
		t.Errorf("wait status %#x", s)
	}
}

func TestEndOtherThreads(t *testing.T) {
	for range 20 {
		cmd := start(t, "threads")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var buf [16]byte
		if n, _ := out.Read(buf[:]); string(buf[:n]) != "alone\n" {
			t.Errorf("the helper says %q", buf[:n])
		}
		// The last one may still be on its way out.
		end := time.Now().Add(10 * time.Second)
		for !threads(t, cmd.Process.Pid, "1") && time.Now().Before(end) {
			time.Sleep(time.Millisecond)
		}
		if !threads(t, cmd.Process.Pid, "1") {
			t.Error("threads are left")
		}
		cmd.Process.Signal(syscall.SIGTERM)
		if cmd.Wait(); cmd.ProcessState.ExitCode() != 7 {
			t.Errorf("the helper ended with %v", cmd.ProcessState)
		}
	}
}

func threads(t *testing.T, pid int, want string) bool {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(text, []byte("Threads:\t"+want+"\n"))
}

// What is not one process or one group is not signalled.
func TestKillRefusesMany(t *testing.T) {
	for _, pid := range []int{0, -1} {
		if errno := Kill(pid, 0); errno != syscall.EINVAL {
			t.Errorf("%d: %v", pid, errno)
		}
	}
	if errno := Kill(os.Getpid(), 0); errno != 0 {
		t.Error(errno)
	}
}

func TestConstants(t *testing.T) {
	for name, pair := range map[string][2]int{
		"SIG_SETMASK":            {SIG_SETMASK, unix.SIG_SETMASK},
		"PR_GET_SECUREBITS":      {PR_GET_SECUREBITS, unix.PR_GET_SECUREBITS},
		"PR_SET_CHILD_SUBREAPER": {PR_SET_CHILD_SUBREAPER, unix.PR_SET_CHILD_SUBREAPER},
		"F_GET_SEALS":            {F_GET_SEALS, unix.F_GET_SEALS},
		"F_SEAL_SEAL":            {F_SEAL_SEAL, unix.F_SEAL_SEAL},
		"F_SEAL_SHRINK":          {F_SEAL_SHRINK, unix.F_SEAL_SHRINK},
		"F_SEAL_GROW":            {F_SEAL_GROW, unix.F_SEAL_GROW},
		"F_SEAL_WRITE":           {F_SEAL_WRITE, unix.F_SEAL_WRITE},
		"O_PATH":                 {oPath, unix.O_PATH},
		"AT_FDCWD":               {atFDCWD, unix.AT_FDCWD},
		"Siginfo":                {siginfoSize, 128},
		"exit.Bug":               {exitBug, exit.Bug},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %d, want %d", name, pair[0], pair[1])
		}
	}
}

func TestExists(t *testing.T) {
	for path, want := range map[string]bool{"/": true, "/proc/self/exe": true, "/nothing": false, "": false, strings.Repeat("/x", 4096): false} {
		if Exists(path) != want {
			t.Errorf("%.20q: %t", path, !want)
		}
	}
}
