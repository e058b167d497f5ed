package main

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"casemate/internal/gate"
	"casemate/internal/nofile"
	"casemate/internal/orders"
	"casemate/internal/sealed"
	"casemate/internal/sys"

	"golang.org/x/sys/unix"
)

// TestMain is also the shim, when asked by the environment, and the init of its launches.
func TestMain(m *testing.M) {
	switch {
	case os.Args[0] == "casemate-init":
		os.Exit(fakeInit())
	case os.Args[0] == "/app":
		os.Stdout.WriteString(mark)
		os.Exit(0)
	case os.Getenv("CASEMATE_SHIM") != "":
		os.Unsetenv("CASEMATE_SHIM")
		main()
	case os.Getenv(heldEnv) != "":
		os.Exit(tellHeld())
	case os.Getenv(unlikeEnv) != "":
		os.Exit(changedShim(os.Getenv(unlikeEnv)))
	}
	code := m.Run()
	os.RemoveAll(removeAtEnd) // "" is nothing
	os.Exit(code)
}

// fakeInit does what init does, but for a workload: the second word of its orders is
// its exit code, "hang", or "silent", which does not even say that it is ready.
func fakeInit() int {
	b := make([]byte, 4096)
	n, err := unix.Read(orders.FD, b)
	if err != nil {
		return 99
	}
	o, err := orders.Decode(b[:n])
	if err != nil {
		return 246
	}
	unix.Close(orders.FD)
	if o.Argv[1] == "silent" {
		hang()
	}
	tell := func(k gate.Kind, value uint32) {
		m := gate.Message{Kind: k, Value: value}.Encode()
		unix.Write(orders.GateFD, m[:])
	}
	report := confess(o.Argv[1])
	tell(gate.Ready, report.Value())
	if n, err := unix.Read(orders.GateFD, b); n != gate.Size || err != nil {
		return 98
	}
	tell(gate.Started, 0)
	os.Stdout.WriteString("started\n")
	code, err := strconv.Atoi(o.Argv[1])
	if err != nil {
		hang()
	}
	return code
}

// confess does what init does for itself, and reports what init reports: but for the word.
func confess(word string) gate.Report {
	var death uintptr
	if word != "outliving" {
		death = uintptr(unix.SIGKILL)
	}
	var dumpable uintptr
	if word == "dumpable" {
		dumpable = 1
	}
	unix.Prctl(unix.PR_SET_PDEATHSIG, death, 0, 0, 0)
	unix.Prctl(unix.PR_SET_DUMPABLE, dumpable, 0, 0, 0)
	unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: nofile.AtStart.Soft, Max: nofile.AtStart.Hard})
	bits, _ := sys.PrctlGet(unix.PR_GET_SECUREBITS)
	signal, _ := sys.DeathSignal()
	kept, _ := sys.PrctlGet(unix.PR_GET_DUMPABLE)
	return gate.Report{Securebits: uint16(bits), DeathSignal: uint8(signal), Dumpable: uint8(kept)}
}

func hang() {
	for {
		time.Sleep(time.Hour)
	}
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: launches")
	}
}

// needStatic skips where this program, which is the init of the launches too, would
// need a loader that the new root does not have.
func needStatic(t *testing.T) {
	t.Helper()
	f, err := elf.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Skip("needs a static test program: no -race, or CGO_ENABLED=0")
		}
	}
}

// simple is a policy that needs nothing of the host.
func simple(service string) *sealed.Policy {
	allow := []byte{6, 0, 0, 0, 0, 0, 0xff, 0x7f}
	return &sealed.Policy{
		Service: service,
		Exec: sealed.Exec{Argv: []string{"/app"}, Cwd: "/", UID: 65534, GID: 65534, Umask: 0o077, At: "simple.toml:1",
			Rlimits: []sealed.Rlimit{{Resource: 4}, {Resource: 7, Soft: 64, Hard: 64}}},
		Namespaces: sealed.Namespaces{New: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWNET | unix.CLONE_NEWCGROUP, Hostname: "simple"},
		Filters:    []sealed.Filter{{Arch: sealed.ArchAMD64, Program: allow, By: "test"}, {Arch: sealed.ArchARM64, Program: allow, By: "test"}},
		Signals:    sealed.Signals{Stop: 15},
	}
}

// written seals a policy into a file.
func written(t *testing.T, p *sealed.Policy) string {
	t.Helper()
	b, err := sealed.Encode(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() + "/policy.sealed"
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// launching is a shim that is this program.
type launching struct {
	*exec.Cmd
	service, state string
	out, err       bytes.Buffer
}

// shim makes ready a launch of the simple policy; words go to the fake init.
func shim(t *testing.T, words ...string) *launching {
	t.Helper()
	needRoot(t)
	service := fmt.Sprintf("shim-%d-%s", os.Getpid(), strings.ToLower(t.Name()[4:min(len(t.Name()), 20)]))
	return shimOf(t, simple(strings.ReplaceAll(service, "/", "-")), words...)
}

func shimOf(t *testing.T, p *sealed.Policy, words ...string) *launching {
	t.Helper()
	needStatic(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l := &launching{service: p.Service, state: t.TempDir() + "/state"}
	args := append([]string{"run", "-init", self, "-state", l.state, written(t, p), "--"}, words...)
	l.Cmd = exec.Command(self, args...)
	l.Env = []string{"CASEMATE_SHIM=1"}
	l.Stdout, l.Stderr = &l.out, &l.err
	l.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return l
}

// ends runs the shim to its end and gives the exit status, -1 for a death by signal.
func (l *launching) ends(t *testing.T) int {
	t.Helper()
	var ee *exec.ExitError
	if err := l.Run(); err != nil && !errors.As(err, &ee) {
		t.Fatal(err)
	}
	return l.ProcessState.ExitCode()
}

// left wants that nothing is left of a launch.
func (l *launching) left(t *testing.T) {
	t.Helper()
	for _, pattern := range []string{l.state + "/[^.]*", "/sys/fs/cgroup/casemate-" + l.service, "/sys/fs/cgroup/unified/casemate-" + l.service} {
		if found, _ := filepath.Glob(pattern); found != nil {
			t.Errorf("left: %q", found)
		}
	}
}

// begins starts the shim and waits until the fake workload runs.
func (l *launching) begins(t *testing.T) {
	t.Helper()
	l.Stdout = nil
	out, err := l.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, len("started\n"))
	if n, err := out.Read(line); string(line[:n]) != "started\n" {
		l.Wait()
		t.Fatalf("%q, %v: %s", line[:n], err, l.err.String())
	}
}

// init is the pid of the shim's child.
func (l *launching) init(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", l.Process.Pid, l.Process.Pid))
	if err != nil {
		t.Skipf("needs CONFIG_PROC_CHILDREN: %v", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// locked waits until the shim has its state directory, and so catches signals.
func (l *launching) locked(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if _, err := os.Stat(l.state + "/" + l.service); err == nil {
			return
		}
	}
	t.Fatal("the shim does not begin")
}
