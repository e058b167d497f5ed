package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"casemate/internal/gate"
	"casemate/internal/orders"
	"casemate/tests/lab"

	"golang.org/x/sys/unix"
)

// binary is the init under test, named as the shim names it; self is this test binary,
// which doubles as the workload: see probe_test.go.
var binary, self string

// stated is the version that the binary gives; of one that is ready, that of this program.
var stated = version

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "probe" {
		probe(os.Args[2:])
	}
	// internal/inherit has started this program with one processor, too.
	runtime.GOMAXPROCS(runtime.NumCPU())
	flag.Set("test.parallel", strconv.Itoa(runtime.NumCPU()))
	os.Unsetenv("GOMAXPROCS")
	code, err := withBinary(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(code)
}

func withBinary(run func() int) (int, error) {
	dir, err := os.MkdirTemp("", "casemate-init-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "casemate-init")
	if lab.Ready() == "" {
		stated = "tested"
	}
	if err := lab.Init(binary, stated); err != nil {
		return 0, err
	}
	// Workloads of another user have to reach both.
	text, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return 0, err
	}
	self = filepath.Join(dir, "probe")
	if err := errors.Join(os.WriteFile(self, text, 0o755), os.Chmod(dir, 0o755)); err != nil {
		return 0, err
	}
	// What this process was started with is not to be taken for init's.
	if err := unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return 0, err
	}
	return run(), nil
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: init is PID 1 of a new PID namespace")
	}
}

// patience bounds what should take milliseconds; it is there so that a hang fails.
const patience = 60 * time.Second

// instance is an init under way.
type instance struct {
	cmd            *exec.Cmd
	pid            int // init's number here
	gate           int // our end, or -1
	stdout, stderr bytes.Buffer
	lines          chan string
	done           chan error
}

// pidns makes the next command PID 1 of a new PID namespace. All tests of init run in
// one, those too in which it is not PID 1: what it signals by mistake stays inside.
func pidns() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, Setsid: true}
}

// begin starts a command and collects what it says. Lines of its standard output come
// through lines as well.
func begin(t *testing.T, cmd *exec.Cmd) *instance {
	t.Helper()
	return beginOn(t, cmd, func() error { return nil })
}

// noNewPrivs is what the shim's child sets.
func noNewPrivs() error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }

// beginOn starts it on a thread that was prepared for it.
func beginOn(t *testing.T, cmd *exec.Cmd, prepare func() error) *instance {
	t.Helper()
	i := &instance{cmd: cmd, gate: -1, lines: make(chan string, 1<<17), done: make(chan error, 1)}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, &i.stderr
	started := make(chan error)
	go func() {
		// PR_SET_PDEATHSIG follows the thread that started init.
		runtime.LockOSThread()
		if err := prepare(); err != nil {
			started <- err
			return
		}
		started <- cmd.Start()
		i.done <- cmd.Wait()
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	w.Close()
	i.pid = cmd.Process.Pid
	go func() {
		defer close(i.lines)
		var rest []byte
		buf := make([]byte, 1<<16)
		for {
			n, err := r.Read(buf)
			i.stdout.Write(buf[:n])
			rest = append(rest, buf[:n]...)
			for {
				line, tail, ok := bytes.Cut(rest, []byte("\n"))
				if !ok {
					break
				}
				i.lines <- string(line)
				rest = tail
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		for range i.lines {
		}
		r.Close()
		if i.gate >= 0 {
			unix.Close(i.gate)
		}
	})
	return i
}

// single starts `casemate-init -- args` as PID 1.
func single(t *testing.T, args ...string) *instance {
	t.Helper()
	needRoot(t)
	cmd := exec.Command(binary, append([]string{"--"}, args...)...)
	cmd.SysProcAttr = pidns()
	return begin(t, cmd)
}

// shimmed says how a test plays the shim.
type shimmed struct {
	orders *orders.Orders
	raw    []byte // in place of the encoded orders
	seals  int
	fd3    *os.File // in place of the memfd
	noFD   bool     // neither orders nor gate
	noGate bool
	env    []string
	attr   *syscall.SysProcAttr
	via    []string   // a command that executes casemate-init by name
	lax    bool       // without no_new_privs
	passed []*os.File // the service manager's descriptors, from orders.SocketFD up
}

// sealed is all the seals that orders must have.
const sealed = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE

// startShimmed starts init as the shim does.
func startShimmed(t *testing.T, s shimmed) *instance {
	t.Helper()
	needRoot(t)
	cmd := &exec.Cmd{Path: binary, Args: []string{"casemate-init"}, SysProcAttr: pidns()}
	if s.via != nil {
		cmd = exec.Command(s.via[0], s.via[1:]...)
		cmd.SysProcAttr = pidns()
	}
	if s.attr != nil {
		cmd.SysProcAttr = s.attr
	}
	cmd.Env = append([]string{"GOMAXPROCS=1", "GOGC=off"}, s.env...)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "gate")
	defer theirs.Close()
	if !s.noFD {
		cmd.ExtraFiles = []*os.File{ordersFile(t, s)}
		if !s.noGate {
			cmd.ExtraFiles = append(cmd.ExtraFiles, theirs)
			cmd.ExtraFiles = append(append(cmd.ExtraFiles, nil, nil), s.passed...) // 5 and 6 are closed
		}
	}
	prepare := noNewPrivs
	if s.lax {
		prepare = func() error { return nil }
	}
	i := beginOn(t, cmd, prepare)
	i.gate = pair[0]
	timeout := unix.NsecToTimeval(int64(patience))
	if err := unix.SetsockoptTimeval(i.gate, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		t.Fatal(err)
	}
	return i
}

// ordersFile is the memfd that s describes.
func ordersFile(t *testing.T, s shimmed) *os.File {
	t.Helper()
	if s.fd3 != nil {
		return s.fd3
	}
	b := s.raw
	if s.orders != nil {
		var err error
		if b, err = orders.Encode(s.orders); err != nil {
			t.Fatal(err)
		}
	}
	fd, err := unix.MemfdCreate("orders", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "orders")
	t.Cleanup(func() { f.Close() })
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, s.seals); err != nil {
		t.Fatal(err)
	}
	return f
}

// ordered starts init with good orders and releases it; the workload runs.
func ordered(t *testing.T, o orders.Orders) *instance {
	t.Helper()
	i := startShimmed(t, shimmed{orders: &o, seals: sealed})
	i.expect(t, gate.Ready)
	i.tell(t, gate.Release)
	return i
}

// hear gives the next message at the gate; false when it is closed.
func (i *instance) hear(t *testing.T) (gate.Message, bool) {
	t.Helper()
	var b [64]byte
	n, err := unix.Read(i.gate, b[:])
	for err == unix.EINTR {
		n, err = unix.Read(i.gate, b[:])
	}
	if err != nil && err != unix.ECONNRESET {
		t.Fatalf("gate: %v", err)
	}
	if n <= 0 {
		return gate.Message{}, false
	}
	m, ok := gate.Decode(b[:n])
	if !ok {
		t.Fatalf("gate: init sent %x", b[:n])
	}
	return m, true
}

func (i *instance) expect(t *testing.T, kind gate.Kind) uint32 {
	t.Helper()
	m, ok := i.hear(t)
	if !ok || m.Kind != kind {
		t.Fatalf("gate: got %+v (open %t), want kind %#x; stderr %s", m, ok, kind, i.stderr.String())
	}
	return m.Value
}

func (i *instance) tell(t *testing.T, kind gate.Kind) {
	t.Helper()
	b := gate.Message{Kind: kind}.Encode()
	if _, err := unix.Write(i.gate, b[:]); err != nil {
		t.Fatal(err)
	}
}

// line gives the next line of the workload.
func (i *instance) line(t *testing.T) string {
	t.Helper()
	select {
	case l, ok := <-i.lines:
		if !ok {
			t.Fatalf("the workload ended; stderr %s", i.stderr.String())
		}
		return l
	case <-time.After(patience):
		t.Fatalf("the workload is silent; stderr %s", i.stderr.String())
	}
	return ""
}

// until reads lines up to the one that is wanted.
func (i *instance) until(t *testing.T, want string) {
	t.Helper()
	for i.line(t) != want {
	}
}

// end waits for init's exit code; -1 and the signal for a death by signal.
func (i *instance) end(t *testing.T) int {
	t.Helper()
	select {
	case err := <-i.done:
		i.done <- err
		var ee *exec.ExitError
		if err != nil && !errors.As(err, &ee) {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatalf("init did not end; stderr %s", i.stderr.String())
	}
	return i.cmd.ProcessState.ExitCode()
}

// ends checks the exit code, and what standard error says.
func (i *instance) ends(t *testing.T, code int, texts ...string) {
	t.Helper()
	got := i.end(t)
	said := i.stderr.String()
	if got != code {
		t.Errorf("%q: exit %d (%v), want %d; stderr %s", i.cmd.Args, got, i.cmd.ProcessState, code, said)
	}
	if len(texts) == 0 && said != "" {
		t.Errorf("%q: stderr %s", i.cmd.Args, said)
	}
	for _, want := range texts {
		if !strings.Contains(said, want) {
			t.Errorf("%q: standard error lacks %q: %s", i.cmd.Args, want, said)
		}
	}
}

func (i *instance) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := i.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}
