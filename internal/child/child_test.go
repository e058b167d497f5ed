package child

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// reap waits for the child and gives its wait status.
func reap(t *testing.T, p *Process) unix.WaitStatus {
	t.Helper()
	var ws unix.WaitStatus
	if _, err := unix.Wait4(p.PID, &ws, 0, nil); err != nil {
		t.Fatal(err)
	}
	unix.Close(p.PIDFD)
	return ws
}

func launch(t *testing.T, p *Program) *Process {
	t.Helper()
	c, err := p.Start(Clone{Cgroup: -1})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestExec(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := new(Program)
	p.Set(1, int(w.Fd()))
	p.Add(unix.SYS_DUP3, None, 0, Slot(1), FD(1))
	p.Add(unix.SYS_EXECVE, None, 0, String("/bin/echo"), Strings([]string{"echo", "a", "b c"}), Strings(nil))
	c := launch(t, p)
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	buf := make([]byte, 64)
	n, _ := r.Read(buf)
	if got := string(buf[:n]); got != "a b c\n" {
		t.Errorf("echo wrote %q", got)
	}
	if ws := reap(t, c); !ws.Exited() || ws.ExitStatus() != 0 {
		t.Errorf("wait status %#x", ws)
	}
}

func TestFailureNamesTheStep(t *testing.T) {
	p := new(Program)
	p.Add(unix.SYS_GETPID, None, 0)
	p.Add(unix.SYS_OPENAT, 1, 0, FD(unix.AT_FDCWD), String("/nonexistent"), Int(unix.O_PATH|unix.O_CLOEXEC))
	p.Add(unix.SYS_EXECVE, None, 0, String("/bin/true"), Strings([]string{"true"}), Strings(nil))
	c := launch(t, p)
	var f *Failure
	if err := c.Wait(); !errors.As(err, &f) || f.Step != 1 || f.Errno != unix.ENOENT {
		t.Errorf("got %#v, want step 1 ENOENT", err)
	}
	if ws := reap(t, c); ws.ExitStatus() != 250 {
		t.Errorf("wait status %#x", ws)
	}
}

func TestToleratedErrno(t *testing.T) {
	p := new(Program)
	p.Add(unix.SYS_MKDIRAT, None, unix.EEXIST, FD(unix.AT_FDCWD), String("/"), Int(0o755))
	p.Add(unix.SYS_EXECVE, None, 0, String("/bin/true"), Strings([]string{"true"}), Strings(nil))
	c := launch(t, p)
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
	reap(t, c)
}

// A step that must fail with one errno goes on with that one, and with no other and no
// success, which is reported as the errno 0.
func TestMustFail(t *testing.T) {
	for _, c := range []struct {
		path  string
		errno unix.Errno
		fails bool
	}{{"/", unix.EEXIST, false}, {"/", unix.EACCES, true}, {t.TempDir() + "/new", 0, true}} {
		p := new(Program)
		p.Add(unix.SYS_MKDIRAT, None, 0, FD(unix.AT_FDCWD), String(c.path), Int(0o755))
		p.MustFail(max(c.errno, unix.EPERM))
		p.Add(unix.SYS_EXECVE, None, 0, String("/bin/true"), Strings([]string{"true"}), Strings(nil))
		process := launch(t, p)
		var f *Failure
		switch err := process.Wait(); {
		case !c.fails && err != nil:
			t.Errorf("%s: %v", c.path, err)
		case c.fails && (!errors.As(err, &f) || f.Step != 0):
			t.Errorf("%s: %v", c.path, err)
		case c.fails && c.errno == 0 && f.Errno != 0:
			t.Errorf("%s: %v", c.path, f.Errno)
		}
		reap(t, process)
	}
}

func TestProgramWithoutExecFails(t *testing.T) {
	p := new(Program)
	p.Add(unix.SYS_GETPID, None, 0)
	c := launch(t, p)
	if err := c.Wait(); err == nil {
		t.Error("a program that ended without an exec reported success")
	}
	reap(t, c)
}

func TestSlotsCarryResults(t *testing.T) {
	p := new(Program)
	p.Add(unix.SYS_OPENAT, 1, 0, FD(unix.AT_FDCWD), String("/proc"), Int(unix.O_PATH|unix.O_CLOEXEC))
	p.Add(unix.SYS_OPENAT, 2, 0, Slot(1), String("self/status"), Int(unix.O_RDONLY|unix.O_CLOEXEC))
	p.Add(unix.SYS_CLOSE, None, 0, Slot(2))
	p.Add(unix.SYS_CLOSE, None, 0, Slot(2))
	c := launch(t, p)
	var f *Failure
	if err := c.Wait(); !errors.As(err, &f) || f.Step != 3 || f.Errno != unix.EBADF {
		t.Errorf("got %#v, want step 3 EBADF", err)
	}
	reap(t, c)
}

// The child starts with every signal blocked and no handler of the Go runtime.
func TestChildHasSignalsBlockedAndNoHandlers(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := new(Program)
	p.Set(1, int(w.Fd()))
	p.Add(unix.SYS_DUP3, None, 0, Slot(1), FD(1))
	p.Add(unix.SYS_EXECVE, None, 0, String("/bin/cat"), Strings([]string{"cat", "/proc/self/status"}), Strings(nil))
	c := launch(t, p)
	w.Close()
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 8192)
	n, _ := r.Read(buf)
	reap(t, c)
	for _, want := range []string{"SigBlk:\tfffffffffffbfeff", "SigCgt:\t0000000000000000"} {
		if !strings.Contains(string(buf[:n]), want) {
			t.Errorf("status lacks %q", want)
		}
	}
}

func TestStringWithNULPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	String("a\x00b")
}
