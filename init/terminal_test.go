package main

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"casemate/tests/lab"

	"golang.org/x/sys/unix"
)

// terminal is a pair of a master and a slave (pts(4)).
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, slave, err := lab.Terminal()
	if err != nil {
		t.Skipf("needs pseudo terminals: %v", err)
	}
	t.Cleanup(func() { master.Close(); slave.Close() })
	return master, slave
}

// onTerminal starts init as the leader of a session on a terminal.
func onTerminal(t *testing.T, slave *os.File, script string) *instance {
	t.Helper()
	needRoot(t)
	cmd := exec.Command(binary, "--", "/bin/sh", "-c", script)
	cmd.Stdin = slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, Setsid: true, Setctty: true}
	return begin(t, cmd)
}

// The workload has the terminal: it reads without being stopped, and the interrupt key
// reaches it, once.
func TestR18WorkloadHasTheTerminal(t *testing.T) {
	master, slave := terminal(t)
	i := onTerminal(t, slave, `trap 'echo interrupted' INT; echo up; while :; do read x && echo "read $x" && [ "$x" = end ] && exit 3; done`)
	i.until(t, "up")
	master.WriteString("hello\n")
	i.until(t, "read hello")
	master.Write([]byte{3})
	i.until(t, "interrupted")
	master.WriteString("end\n")
	if got := i.line(t); got != "read end" {
		t.Errorf("after one interrupt came %q", got)
	}
	i.ends(t, 3)
}

// Without a terminal, or with somebody else's, init starts all the same.
func TestR18StandardInputThatIsNoTerminalOfOurs(t *testing.T) {
	needRoot(t)
	_, slave := terminal(t)
	for _, stdin := range []*os.File{nil, slave} {
		cmd := exec.Command(binary, "--", "/bin/sh", "-c", "exit 4")
		cmd.SysProcAttr = pidns()
		if stdin != nil {
			cmd.Stdin = stdin
		}
		begin(t, cmd).ends(t, 4)
	}
	// Closed descriptors: the Go runtime opens /dev/null in their place, or gives up.
	cmd := exec.Command("/bin/sh", "-c", `exec "$0" -- /bin/sh -c "exit 5" <&- >&- 2>&-`, binary)
	cmd.SysProcAttr = pidns()
	begin(t, cmd).ends(t, 5)
}

// onTerminalAs starts any init as the leader of a session on a terminal, as PID 1.
func onTerminalAs(t *testing.T, slave *os.File, argv []string, script string) *instance {
	t.Helper()
	needRoot(t)
	cmd := exec.Command(argv[0], append(argv[1:len(argv):len(argv)], "--", "/bin/sh", "-c", script)...)
	cmd.Stdin = slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, Setsid: true, Setctty: true}
	return begin(t, cmd)
}

// placed prints whether the shell leads its group and its session, has a terminal, and is in
// its foreground.
const placed = `read -r pid name state ppid group session tty tpgid rest < /proc/self/stat; echo $((group == pid)) $((session == pid)) $((tty != 0)) $((tpgid == group))`

// sessions are the inits that give their workload a session.
func sessions(t *testing.T) map[string][]string {
	return map[string][]string{ours: {binary, "-S"}, dumb: {program(t, dumb)}}
}

// A session of the workload's own takes the terminal over. The HUP and CONT that the
// kernel sends when its leader gives it up are not passed on, those that come later are.
func TestR18SessionTakesTheTerminal(t *testing.T) {
	for name, argv := range sessions(t) {
		t.Run(name, func(t *testing.T) {
			master, slave := terminal(t)
			i := onTerminalAs(t, slave, argv, `trap 'echo hup' HUP; trap 'echo cont' CONT; trap 'echo usr1' USR1; trap 'echo int' INT; `+placed+`; echo up; while :; do read x && echo "read $x" && [ "$x" = end ] && exit 3; done`)
			if got := i.line(t); got != "1 1 1 1" {
				t.Errorf("leads its group, its session, has the terminal, its foreground: %s", got)
			}
			i.until(t, "up")
			for _, c := range []struct {
				signal syscall.Signal
				want   string
			}{{syscall.SIGUSR1, "usr1"}, {syscall.SIGHUP, "hup"}, {syscall.SIGCONT, "cont"}} {
				i.signal(t, c.signal)
				if got := i.line(t); got != c.want {
					t.Errorf("%v: the workload said %q", c.signal, got)
				}
			}
			master.Write([]byte{3})
			i.until(t, "int")
			master.WriteString("end\n")
			i.until(t, "read end")
			i.ends(t, 3)
		})
	}
}

// state waits for a state of the workload's group in /proc/PID/stat.
func (i *instance) state(t *testing.T, want string) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		list := children(t, i.pid)
		if len(list) > 0 && list[0].state == want {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the workload is %v, want %s", list, want)
		}
	}
}

// TSTP, TTIN and TTOU stop the group of a session, which an orphaned group would not be by
// them; CONT wakes it. -r says otherwise.
func TestR18SessionIsStopped(t *testing.T) {
	for name, argv := range sessions(t) {
		t.Run(name, func(t *testing.T) {
			_, slave := terminal(t)
			i := onTerminalAs(t, slave, argv, `trap 'echo usr1' USR1; echo up; while :; do sleep 1000 & wait $!; done`)
			i.until(t, "up")
			for _, n := range []syscall.Signal{syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU} {
				i.signal(t, n)
				i.state(t, "T")
				i.signal(t, syscall.SIGCONT)
				i.state(t, "S")
			}
			i.signal(t, syscall.SIGUSR1)
			i.until(t, "usr1")
		})
		t.Run(name+" rewritten", func(t *testing.T) {
			_, slave := terminal(t)
			i := onTerminalAs(t, slave, append(argv[:len(argv):len(argv)], "-r", "20:10"), `trap 'echo usr1' USR1; echo up; while :; do sleep 1000 & wait $!; done`)
			i.until(t, "up")
			i.signal(t, syscall.SIGTSTP)
			i.until(t, "usr1")
		})
	}
}

// An init of a session that is not PID 1 stops with its workload, so that the shell which
// runs it sees a stopped job, and both go on when it is continued.
func TestR18SessionStopsAsAJob(t *testing.T) {
	needRoot(t)
	for name, argv := range sessions(t) {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(self, append(append([]string{"probe", "parent"}, argv...), "--", "/bin/sh", "-c", "echo up; exec sleep 1000")...)
			cmd.SysProcAttr = pidns()
			outer := begin(t, cmd)
			outer.until(t, "up")
			inner := &instance{pid: children(t, outer.pid)[0].pid}
			for _, n := range []syscall.Signal{syscall.SIGTSTP, syscall.SIGTTOU} {
				syscall.Kill(inner.pid, n)
				inner.state(t, "T")
				outer.state(t, "T")
				syscall.Kill(inner.pid, syscall.SIGCONT)
				inner.state(t, "S")
				outer.state(t, "S")
			}
			syscall.Kill(inner.pid, syscall.SIGTERM)
			outer.ends(t, 128+15)
		})
	}
}

// A change of the window's size reaches the workload, and a storm of them nothing else.
func TestR18WindowSize(t *testing.T) {
	for name, argv := range map[string][]string{"foreground": {binary}, "session": {binary, "-S"}, tini: {program(t, tini)}} {
		t.Run(name, func(t *testing.T) {
			master, slave := terminal(t)
			i := onTerminalAs(t, slave, argv, `trap 'echo winch' WINCH; trap 'exit 3' USR1; echo up; while :; do sleep 1000 & wait $!; done`)
			i.until(t, "up")
			for n := range uint16(1000) {
				if err := unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: n + 1, Col: 80}); err != nil {
					t.Fatal(err)
				}
			}
			i.until(t, "winch")
			i.signal(t, syscall.SIGUSR1)
			i.ends(t, 3, "") // the shell may say that it has ended its sleep, too
		})
	}
}

// A terminal that goes away ends the workload by HUP, which it may catch.
func TestR18HangUp(t *testing.T) {
	for name, argv := range map[string][]string{"foreground": {binary}, "group": {binary, "-g"}, "session": {binary, "-S"}, tini: {program(t, tini)}, dumb: {program(t, dumb)}} {
		t.Run(name, func(t *testing.T) {
			master, slave := terminal(t)
			i := onTerminalAs(t, slave, argv, `echo up; exec sleep 1000`)
			i.until(t, "up")
			master.Close()
			i.ends(t, 128+1)
		})
	}
}

// Started in the background, init leaves the foreground to who has it.
func TestR18BackgroundStart(t *testing.T) {
	needRoot(t)
	for name, argv := range map[string][]string{ours: {binary}, tini: {program(t, tini), "-s"}} {
		want := map[string]string{ours: "1 0 1 0", tini: "1 0 1 1"}[name] // tini takes it
		t.Run(name, func(t *testing.T) {
			_, slave := terminal(t)
			// Job control (-m) gives the job a group of its own.
			cmd := exec.Command("/bin/sh", append([]string{"-m", "-c", `"$@" & wait $!`, "sh"}, append(argv, "--", "/bin/sh", "-c", placed)...)...)
			cmd.Stdin = slave
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, Setsid: true, Setctty: true}
			if got := begin(t, cmd).line(t); got != want {
				t.Errorf("leads its group, its session, has the terminal, its foreground: %s", got)
			}
		})
	}
}

// No terminal, one that was hung up, one of another session, closed descriptors: a workload
// with a session starts all the same.
func TestR18SessionWithoutATerminalOfItsOwn(t *testing.T) {
	needRoot(t)
	gone, dead := terminal(t)
	gone.Close()
	master, slave := terminal(t)
	other := onTerminal(t, slave, "echo up; exec sleep 1000")
	other.until(t, "up")
	for name, stdin := range map[string]*os.File{"none": nil, "hung up": dead, "of another session": slave, "master": master} {
		for _, argv := range [][]string{{binary, "-S"}, {binary}, {binary, "-g"}} {
			cmd := exec.Command(argv[0], append(argv[1:len(argv):len(argv)], "--", "/bin/sh", "-c", placed+"; exit 4")...)
			cmd.SysProcAttr = pidns()
			if stdin != nil {
				cmd.Stdin = stdin
			}
			i := begin(t, cmd)
			i.ends(t, 4)
			if got := i.rest(); got[4:5] != "0" {
				t.Errorf("%s, %q: the workload has a terminal: %s", name, argv, got)
			}
		}
	}
	cmd := exec.Command("/bin/sh", "-c", `exec "$0" -S -- /bin/sh -c "exit 5" <&- >&- 2>&-`, binary)
	cmd.SysProcAttr = pidns()
	begin(t, cmd).ends(t, 5)
	other.signal(t, syscall.SIGTERM)
	other.ends(t, 128+15)
}
