package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"casemate/internal/gate"
	"casemate/internal/orders"
	"casemate/tests/lab"
)

// shell is orders for a command line of the shell.
func shell(script string) orders.Orders {
	return orders.Orders{Argv: []string{"/bin/sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"}, Cwd: "/", Stop: 15, Grace: 80_000}
}

// The workload's exit status is init's, every one of them, and the gate tells it.
func TestExitStatus(t *testing.T) {
	for _, code := range lab.Some(t, numbers(0, 255)) {
		single(t, "/bin/sh", "-c", fmt.Sprintf("exit %d", code)).ends(t, code)
	}
	for _, code := range []int{0, 1, 7, 126, 127, 128, 250, 255} {
		i := ordered(t, shell(fmt.Sprintf("exit %d", code)))
		i.expect(t, gate.Started)
		if status := syscall.WaitStatus(i.expect(t, gate.Exited)); status.ExitStatus() != code {
			t.Errorf("exit %d: the gate says %#x", code, status)
		}
		if m, ok := i.hear(t); ok {
			t.Errorf("after the end init sent %+v", m)
		}
		i.ends(t, code)
	}
}

// 128+n for a death by each signal whose default action is death (signal(7)).
func TestDeathBySignal(t *testing.T) {
	for _, n := range lab.Some(t, numbers(1, 64)) {
		switch syscall.Signal(n) {
		case syscall.SIGCHLD, syscall.SIGCONT, syscall.SIGSTOP, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGURG, syscall.SIGWINCH:
			continue
		}
		single(t, self, "probe", "die", fmt.Sprint(n)).ends(t, 128+n)
	}
	i := ordered(t, shell("kill -KILL $$"))
	i.expect(t, gate.Started)
	if status := syscall.WaitStatus(i.expect(t, gate.Exited)); status.Signal() != syscall.SIGKILL {
		t.Errorf("the gate says %#x", status)
	}
	i.ends(t, 128+9)
}

// What cannot be executed: 127 if it is not there, 126 if it is, and the path.
func TestExecFailures(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cases := []struct {
		name, path string
		code       int
		errno      syscall.Errno
		say        string
	}{
		{"missing", filepath.Join(dir, "nothing"), 127, syscall.ENOENT, "no such file or directory\n"},
		{"not a directory", file("plain", "", 0o644) + "/x", 126, syscall.ENOTDIR, "not a directory"},
		{"no permission", file("data", "text", 0o644), 126, syscall.EACCES, "permission denied"},
		{"directory", dir, 126, syscall.EACCES, "permission denied"},
		{"no format", file("empty", "\x00\x01", 0o755), 126, syscall.ENOEXEC, "exec format error"},
		{"no interpreter", file("script", "#!/nothing/at/all\n", 0o755), 127, syscall.ENOENT, "its interpreter or dynamic loader does not"},
		{"newline in the name", filepath.Join(dir, "a\nb"), 127, syscall.ENOENT, "a?b"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			i := ordered(t, orders.Orders{Argv: []string{c.path}, Cwd: "/", Stop: 15})
			if errno := syscall.Errno(i.expect(t, gate.ExecError)); errno != c.errno {
				t.Errorf("the gate says %v, want %v", errno, c.errno)
			}
			i.ends(t, c.code, "casemate-init: exec ", c.say)
			single(t, c.path).ends(t, c.code, c.say)
		})
	}
	t.Run("what to do about it", func(t *testing.T) { // in the words of who has called it
		ordered(t, orders.Orders{Argv: []string{dir}, Cwd: "/", Stop: 15}).ends(t, 126, "exec = true?")
		single(t, dir).ends(t, 126, "without noexec?")
	})
	t.Run("cwd", func(t *testing.T) {
		o := shell("exit 0")
		o.Cwd = "/nowhere"
		i := ordered(t, o)
		if errno := syscall.Errno(i.expect(t, gate.ExecError)); errno != syscall.ENOENT {
			t.Errorf("the gate says %v", errno)
		}
		i.ends(t, 126, "chdir /nowhere: no such file or directory")
	})
}

// numbers are those from the first to the last.
func numbers(first, last int) (list []int) {
	for n := first; n <= last; n++ {
		list = append(list, n)
	}
	return list
}

// A child that ends at once is not missed.
func TestShortLives(t *testing.T) {
	for range lab.Times(t, 300) {
		single(t, "/bin/true").ends(t, 0)
	}
	for range lab.Times(t, 300) {
		single(t, "/bin/false").ends(t, 1)
	}
}
