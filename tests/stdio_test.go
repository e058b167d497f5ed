package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// stuffed is the end to write to of a pipe that nobody reads and that is full.
func stuffed(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	fd := int(w.Fd()) // which makes it blocking
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = unix.Write(fd, make([]byte, 4096))
	}
	if err != unix.EAGAIN {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
	return w
}

// onto starts init or the shim with standard output and error of the test's.
func onto(t *testing.T, out *os.File, cmd *exec.Cmd, pidns bool) *process {
	t.Helper()
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if pidns {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID
	}
	p := &process{cmd: cmd, done: make(chan error, 1)}
	p.start(t)
	return p
}

func initCommand(args ...string) *exec.Cmd {
	return exec.Command(filepath.Join(bin, "casemate-init"), append([]string{"--"}, args...)...)
}

// A workload that nobody reads waits; init and the shim do not.
func TestR19NobodyReads(t *testing.T) {
	needRoot(t)
	p := onto(t, stuffed(t), initCommand(hard("flood")...), true)
	inState(t, mainChild(t, p.cmd.Process.Pid), "S")
	p.signal(t, syscall.SIGTERM)
	p.ended(t, 128+15)

	sealed := compiled(t, hardPolicy("flood", "5s", "flood"))
	p = onto(t, stuffed(t), exec.Command(filepath.Join(bin, "casemate-shim"), "run", sealed), false)
	eventually(t, func() bool {
		below := grandchildren(t, p.cmd.Process.Pid)
		return len(below) == 2 && procField(t, below[1], "Name") == "hard" && procField(t, below[1], "State")[0] == 'S'
	}, func() string { return "the workload does not run" })
	p.signal(t, syscall.SIGTERM)
	p.ended(t, 128+15)
}

// What init has to say, it says to nobody if it must, and its exit code stands.
func TestR19NowhereToSpeak(t *testing.T) {
	needRoot(t)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	sealed := compiled(t, policy("silent", `"/app/nothing"`, ""))
	onto(t, full, initCommand("/nothing"), true).ended(t, 127)
	onto(t, full, exec.Command(filepath.Join(bin, "casemate-shim"), "run", sealed), false).ended(t, 127)
	onto(t, full, initCommand(hard("flood")...), true).ended(t, 1)
}

// Nor does it need standard input, output and error.
func TestR19ClosedDescriptors(t *testing.T) {
	needRoot(t)
	for _, closed := range []string{"<&-", ">&-", "2>&-", "<&- >&- 2>&-"} {
		script := `exec "$0" "$@" ` + closed
		cmd := exec.Command("/bin/sh", append([]string{"-c", script, filepath.Join(bin, "casemate-init"), "--"}, hard("quick", "5")...)...)
		asInit(t, cmd).ended(t, 5)
		cmd = exec.Command("/bin/sh", "-c", script, filepath.Join(bin, "casemate-shim"), "run", compiled(t, hardPolicy("closed", "5s", "quick", "5")))
		p := &process{cmd: cmd, done: make(chan error, 1)}
		p.start(t)
		p.ended(t, 5)
	}
}

// A standard error that is full and that nobody reads does not keep init from its end.
func TestR19NobodyListens(t *testing.T) {
	needRoot(t)
	onto(t, stuffed(t), initCommand("/nothing"), true).ended(t, 127)
	sealed := compiled(t, policy("silent", `"/app/nothing"`, ""))
	onto(t, stuffed(t), exec.Command(filepath.Join(bin, "casemate-shim"), "run", sealed), false).ended(t, 127)
}
