package main

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal is a pair of a master and a slave (pts(4)).
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("needs pseudo terminals: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("needs pseudo terminals: %v", err)
	}
	t.Cleanup(func() { slave.Close() })
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
func TestWorkloadHasTheTerminal(t *testing.T) {
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
func TestStandardInputThatIsNoTerminalOfOurs(t *testing.T) {
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
