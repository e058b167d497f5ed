package main

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"casemate/internal/gate"
	"casemate/internal/orders"

	"golang.org/x/sys/unix"
)

// output runs init to its end and gives what the workload said.
func (i *instance) output(t *testing.T) string {
	t.Helper()
	i.ends(t, 0)
	for range i.lines {
	}
	return i.stdout.String()
}

// listed is a script that prints its descriptors, but for the listing's own.
const listed = `for fd in /proc/self/fd/*; do [ -e $fd ] && echo ${fd##*/}; done; true`

// Neither the orders nor the gate reach the workload.
func TestWorkloadDescriptors(t *testing.T) {
	i := ordered(t, shell(listed))
	if got := strings.Fields(i.output(t)); strings.Join(got, " ") != "0 1 2" {
		t.Errorf("descriptors %v", got)
	}
}

// Descriptors that init was given alone are the workload's: LISTEN_FDS (sd_listen_fds(3))
// and the job server of make are passed so.
func TestWorkloadInheritsAlone(t *testing.T) {
	needRoot(t)
	cmd := exec.Command("/bin/sh", "-c", `exec "$0" -- /bin/sh -c '`+listed+`' 5</dev/null`, binary)
	cmd.SysProcAttr = pidns()
	if got := strings.Fields(begin(t, cmd).output(t)); strings.Join(got, " ") != "0 1 2 5" {
		t.Errorf("descriptors %v", got)
	}
}

func TestWorkloadEnvironmentAndDirectory(t *testing.T) {
	o := orders.Orders{Argv: []string{"/bin/cat", "/proc/self/environ"}, Env: oddEnv, Cwd: "/usr", Stop: 15}
	want := strings.Join(oddEnv, "\x00") + "\x00"
	if got := ordered(t, o).output(t); got != want {
		t.Errorf("ordered environment %q, want %q", got, want)
	}
	o = shell("pwd")
	o.Cwd = "/usr"
	if got := ordered(t, o).output(t); got != "/usr\n" {
		t.Errorf("directory %q", got)
	}

	needRoot(t)
	cmd := exec.Command(self, "probe", "environ", binary, "--", "/bin/cat", "/proc/self/environ")
	cmd.SysProcAttr = pidns()
	if got := begin(t, cmd).output(t); got != want {
		t.Errorf("inherited environment %q, want %q", got, want)
	}
	cmd = exec.Command(binary, "--", "/bin/pwd")
	cmd.SysProcAttr, cmd.Dir = pidns(), "/usr"
	if got := begin(t, cmd).output(t); got != "/usr\n" {
		t.Errorf("directory %q", got)
	}
}

// The Go runtime raises the soft limit of open files of its own process; neither init,
// which the shim verifies, nor the workload keeps that.
func TestOpenFilesLimitIsKept(t *testing.T) {
	needRoot(t)
	cmd := exec.Command("/bin/sh", "-c", `ulimit -Sn 100; exec "$0" -- /bin/sh -c 'ulimit -Sn; exec sleep 1000'`, binary)
	cmd.SysProcAttr = pidns()
	i := begin(t, cmd)
	if got := i.line(t); got != "100" {
		t.Errorf("soft limit of the workload: %s", got)
	}
	var limit unix.Rlimit
	if err := unix.Prlimit(i.pid, unix.RLIMIT_NOFILE, nil, &limit); err != nil || limit.Cur != 100 {
		t.Errorf("soft limit of init: %d, %v", limit.Cur, err)
	}
}

// The workload leads a process group of its own in init's session.
func TestProcessGroup(t *testing.T) {
	i := single(t, "/bin/sh", "-c", `read -r pid name state ppid group session rest < /proc/self/stat; echo $((group == pid)) $((session == pid))`)
	if got := i.output(t); got != "1 0\n" {
		t.Errorf("leads its group, its session: %q", got)
	}
}

// peek runs a workload of init's own user that tries to look into init.
func peek(t *testing.T, args ...string) string {
	t.Helper()
	needRoot(t)
	cmd := exec.Command(self, append([]string{"probe", "enter", "uid=65534"}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	return begin(t, cmd).output(t)
}

func TestInitIsNotDumpable(t *testing.T) {
	if got := peek(t, binary, binary, "--", self, "probe", "peek"); got != "peeked\n" {
		t.Errorf("a process of the same user could: %s", got)
	}
	// The same attempt at a process that is dumpable succeeds, so the probe can tell.
	if got := peek(t, "/bin/sh", "sh", "-c", `"$0" probe peek; exit 0`, self); !strings.Contains(got, "read /proc/1/fd") {
		t.Errorf("the probe cannot look into a shell: %s", got)
	}
}

// A running init is one thread that holds no descriptor but 0-2 and the gate, waits in
// one call, and has every signal caught.
func TestInitAtRest(t *testing.T) {
	o := shell(`echo up; exec sleep 1000`)
	i := ordered(t, o)
	i.expect(t, gate.Started)
	i.until(t, "up")
	i.settlesToOneThread(t)
	if got := i.status(t, "SigCgt"); got != "fffffffffffbfeff" {
		t.Errorf("SigCgt %s", got)
	}
	if got := i.links(t, "fd"); got != "0 1 2 4" {
		t.Errorf("descriptors %s", got)
	}
}

// settlesToOneThread waits until the last of the others has ended.
func (i *instance) settlesToOneThread(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(patience); i.status(t, "Threads") != "1"; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s threads", i.status(t, "Threads"))
		}
	}
}
