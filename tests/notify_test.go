package tests

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// serviceManager is a small service manager: it keeps what it is told, and closes the
// descriptors of barriers, as systemd does.
type serviceManager struct {
	heard chan string
	path  string
}

// manager listens at a path, or at an abstract name.
func manager(t *testing.T, name string) *serviceManager {
	t.Helper()
	m := &serviceManager{heard: make(chan string, 1000), path: name}
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		for {
			b, oob := make([]byte, 8192), make([]byte, 1024)
			n, size, _, _, err := c.ReadMsgUnix(b, oob)
			if err != nil {
				return
			}
			m.heard <- string(b[:n])
			for ; size >= 20; size -= 24 { // one control message: one descriptor
				unix.Close(int(int32(binary.NativeEndian.Uint32(oob[16:]))))
			}
		}
	}()
	return m
}

func (m *serviceManager) env() string { return "NOTIFY_SOCKET=" + m.path }

// hears waits for a message.
func (m *serviceManager) hears(t *testing.T) string {
	t.Helper()
	select {
	case s := <-m.heard:
		return s
	case <-time.After(patience):
		t.Fatal("the manager hears nothing")
	}
	return ""
}

// rest is what has come besides.
func (m *serviceManager) rest() (all []string) {
	for {
		select {
		case s := <-m.heard:
			all = append(all, s)
		case <-time.After(50 * time.Millisecond):
			return all
		}
	}
}

// The manager is told what the workload says, in its order, and a barrier holds until the
// manager has read all of it. What the workload may not say is dropped.
func TestNotifyReady(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, withContract("notify", `, "STATUS=starting\\x1b[2J", "MAINPID=1\\nREADY=1\\nSTATUS=up", "barrier", "FDSTORE=1", "fds:200:STATUS=flood", "STOPPING=1", "wait"`, `ready = "notify"`))
	for _, name := range []string{filepath.Join(t.TempDir(), "notify"), fmt.Sprintf("@casemate-tests-%d", os.Getpid())} {
		m := manager(t, name)
		p := managed(t, sealed, []string{m.env()}, nil)
		for _, want := range []string{`STATUS=starting\x1b[2J`, "READY=1\nSTATUS=up", "BARRIER=1", "STOPPING=1"} {
			if got := m.hears(t); got != want {
				t.Errorf("the manager hears %q, not %q", got, want)
			}
		}
		p.until(t, "ready")
		out := p.stdout.String()
		if !strings.Contains(out, "passed\n") {
			t.Errorf("the barrier does not hold: %s", out)
		}
		equal(t, "env", lines(out, "env"), []string{defaultPath, "NOTIFY_SOCKET=/dev/casemate/notify"})
		equal(t, "fds", len(lines(out, "fd")), 3)
		p.signal(t, unix.SIGTERM)
		r := p.wait(t)
		r.expect(t, 128+15, "notifies of MAINPID", "notifies of FDSTORE", "notifies with descriptors")
		equal(t, "what the manager hears besides", m.rest(), []string(nil))
	}
}

// Where the execve counts, the shim says READY, once.
func TestNotifyReadyAtExec(t *testing.T) {
	needRoot(t)
	m := manager(t, filepath.Join(t.TempDir(), "notify"))
	sealed := compiled(t, withContract("atexec", `, "READY=1", "WATCHDOG=1", "WATCHDOG=trigger"`, "watchdog = true"))
	r := managed(t, sealed, []string{m.env(), "WATCHDOG_USEC=3000000"}, nil).wait(t)
	r.expect(t, 0, "notifies of READY")
	env := lines(r.stdout, "env")
	equal(t, "env", env, []string{defaultPath, "NOTIFY_SOCKET=/dev/casemate/notify", "WATCHDOG_USEC=3000000", "WATCHDOG_PID=" + lines(r.stdout, "pid")[0]})
	equal(t, "heard", m.rest(), []string{"READY=1", "WATCHDOG=1", "WATCHDOG=trigger"})
}

func TestWatchdogRefused(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, withContract("nodog", "", "watchdog = true"))
	for _, env := range some(t, [][]string{nil, {"WATCHDOG_USEC=0"}, {"WATCHDOG_USEC=x"}}) {
		r := managed(t, sealed, env, nil).wait(t)
		r.expect(t, 247, "sets no watchdog (WATCHDOG_USEC)")
		equal(t, "output", r.stdout, "")
	}
}

// A workload that ends before it is ready: the manager is never told that it was, and the
// shim says so.
func TestNotifyNeverReady(t *testing.T) {
	needRoot(t)
	m := manager(t, filepath.Join(t.TempDir(), "notify"))
	r := managed(t, compiled(t, withContract("never", `, "STATUS=almost"`, `ready = "notify"`)), []string{m.env()}, nil).wait(t)
	r.expect(t, 0, "ended before it said that it is ready (READY=1)")
	equal(t, "heard", m.rest(), []string{"STATUS=almost"})
	r = managed(t, compiled(t, policy("never", `"/app/nothing"`, "[manager]\nready = \"notify\"\n")), []string{m.env()}, nil).wait(t)
	r.expect(t, 127)
	equal(t, "heard", m.rest(), []string(nil))
}

// A manager that asks for nothing is told nothing, and the workload works all the same.
func TestNotifyNobodyAsked(t *testing.T) {
	needRoot(t)
	r := managed(t, compiled(t, withContract("nobody", `, "READY=1", "barrier"`, `ready = "notify"`)), []string{"NOTIFY_SOCKET="}, nil).wait(t)
	r.expect(t, 0)
	if !strings.HasSuffix(r.stdout, "sent\npassed\n") || r.stderr != "" {
		t.Errorf("%s", r)
	}
}

// systemd's own client, barrier included.
func TestSystemdNotify(t *testing.T) {
	needRoot(t)
	program, err := exec.LookPath("systemd-notify")
	if err != nil {
		t.Skipf("needs systemd-notify: %v", err)
	}
	m := manager(t, filepath.Join(t.TempDir(), "notify"))
	text := policy("client", fmt.Sprintf("%q, \"--ready\", \"--status=up and running\"", program), `[mounts]
bind = [{ from = "/usr", exec = true }]
[root.symlinks]
"/lib" = "usr/lib"
"/lib64" = "usr/lib64"
"/bin" = "usr/bin"
[seccomp]
allow = ["@default", "@io", "@file-read", "@file-write", "@process", "@signals", "@threads", "@memory", "@time", "@sched", "@unix-socket"]
[manager]
ready = "notify"
`)
	r := managed(t, compiled(t, text), []string{m.env()}, nil).wait(t)
	r.expect(t, 0)
	equal(t, "heard", m.rest(), []string{"READY=1\nSTATUS=up and running", "BARRIER=1"})
}

// systemd's own activation: the greeter of the examples, from its first connection on.
func TestSystemdSocketActivate(t *testing.T) {
	needRoot(t)
	for _, program := range []string{"systemd-socket-activate", "python3"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s: %v", program, err)
		}
	}
	out := filepath.Join(t.TempDir(), "greeter.sealed")
	command(t, filepath.Join(bin, "casemate"), "compile", "-o", out, "../examples/greeter.toml").expect(t, 0)
	m := manager(t, filepath.Join(t.TempDir(), "notify"))
	free, address := listening(t)
	free.Close()
	p := begin(t, "systemd-socket-activate", "--listen="+address, "--fdname=greeter.socket", "-E"+m.env(), "-EWATCHDOG_USEC=9000000",
		"-ECREDENTIALS_DIRECTORY="+credentials(t, map[string]string{"greeting": "hello\n"}), filepath.Join(bin, "casemate-shim"), "run", out)
	retry(t, func() error {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		defer c.Close()
		if text, err := io.ReadAll(c); string(text) != "hello\n" || err != nil {
			t.Errorf("it greets %q, %v", text, err)
		}
		return nil
	})
	if got := m.hears(t); got != "READY=1\nSTATUS=Nobody was here yet." {
		t.Errorf("the manager hears %q", got)
	}
	p.signal(t, unix.SIGTERM)
	p.wait(t).expect(t, 0)
}

// The descriptor of -ready-fd gets one line end and is closed, at the moment of READY=1; it
// is not the workload's.
func TestReadyFD(t *testing.T) {
	needRoot(t)
	for _, c := range some(t, []struct {
		manager, act string
		files        int // before the descriptor
	}{{"", `, "wait"`, 0}, {`ready = "notify"`, `, "READY=1", "wait"`, 2}}) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		files := append(slices.Repeat([]*os.File{w}, c.files), w)
		p := managed(t, compiled(t, withContract("readyfd", c.act, c.manager)), nil, files, "-ready-fd", fmt.Sprint(3+c.files))
		// The other descriptors are never read from; the shim has them open.
		b := make([]byte, 10)
		r.SetReadDeadline(time.Now().Add(patience))
		if n, err := r.Read(b); string(b[:n]) != "\n" || err != nil {
			t.Errorf("%q, %v", b[:n], err)
		}
		p.until(t, "ready")
		equal(t, "fds", len(lines(p.stdout.String(), "fd")), 3)
		p.signal(t, unix.SIGTERM)
		p.wait(t)
		w.Close()
		var rest bytes.Buffer
		rest.ReadFrom(r)
		equal(t, "more", rest.String(), "")
		r.Close()
	}
}

func TestReadyFDRefused(t *testing.T) {
	needRoot(t)
	socket, _ := listening(t)
	sealed := compiled(t, withContract("readyfd", "", `pass_fds = ["unknown"]`))
	for args, want := range map[string]string{
		"2": "not above the standard streams", "0": "not above", "-5": "not above", "77": "bad file descriptor", "x": "invalid value",
		"3": "one of the service manager's sockets",
	} {
		r := managed(t, sealed, []string{"LISTEN_FDS=1"}, []*os.File{socket}, "-ready-fd", args).wait(t)
		r.expect(t, 246, want)
		equal(t, "output", r.stdout, "")
	}
}

// Whatever the manager's environment holds, the workload's is the policy's, and the launch
// is as confined as without: variables of the Go runtime, of the loader, of the shell, as
// large as they can be, without a name, without a value, twice.
func TestS48HostileEnvironment(t *testing.T) {
	needRoot(t)
	want := confined(t, "")
	hostile := []string{
		"GODEBUG=gctrace=1,asyncpreemptoff=1,panicnil=1,execerrdot=0,madvdontneed=0", "GOTRACEBACK=crash", "GOMAXPROCS=1", "GOGC=1", "GOMEMLIMIT=1",
		"GOCOVERDIR=/", "LD_PRELOAD=/nothing.so", "LD_LIBRARY_PATH=/", "LD_AUDIT=/x.so", "BASH_ENV=/etc/passwd", "ENV=/etc/passwd",
		"LISTEN_FDS=1", "LISTEN_PID=1", "LISTEN_FDNAMES=x", "LISTEN_PIDFDID=1", "WATCHDOG_USEC=1", "WATCHDOG_PID=1",
		"CREDENTIALS_DIRECTORY=/etc", "JOURNAL_STREAM=8:1", "INVOCATION_ID=0", "MAINPID=1", "PATH=/nowhere", "no-equals", "", "=", "=x", "A=1", "A=2",
	}
	for n := range 16 {
		hostile = append(hostile, fmt.Sprintf("LARGE%d=%s", n, strings.Repeat("x", 120<<10)))
	}
	p := &process{cmd: exec.Command(filepath.Join(bin, "casemate-shim"), "run", compiled(t, policy("hostile", `"/app/probe"`, ""))), done: make(chan error, 1)}
	p.cmd.Env = hostile
	p.start(t)
	r := p.wait(t)
	r.expect(t, 0)
	got := new(report)
	if err := json.Unmarshal([]byte(r.stdout), got); err != nil {
		t.Fatalf("%v: %s", err, r)
	}
	equal(t, "env", got.Env, []string{defaultPath})
	equal(t, "fds", len(got.FDs), len(want.FDs))
	equal(t, "mounts", got.mountPoints(), want.mountPoints())
	equal(t, "capabilities", got.Caps, want.Caps)
}

// A root of the host, in which nothing can be made, has both all the same.
func TestContractInRootDirectory(t *testing.T) {
	needRoot(t)
	root := t.TempDir()
	for _, dir := range []string{"dev", "proc", "app"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	m := manager(t, filepath.Join(t.TempDir(), "notify"))
	dir := credentials(t, map[string]string{"key": "secret"})
	text := withContract("inroot", `, "READY=1", "barrier"`, "ready = \"notify\"\ncredentials = [\"key\"]\n[root]\npath = \""+root+"\"\n")
	r := managed(t, compiled(t, text), []string{m.env(), "CREDENTIALS_DIRECTORY=" + dir}, nil).wait(t)
	r.expect(t, 0)
	equal(t, "heard", m.rest(), []string{"READY=1", "BARRIER=1"})
	equal(t, "credentials", lines(r.stdout, "credential"), []string{`key 0400 65534 "secret" <nil>`})
	if left, _ := filepath.Glob(root + "/*/*"); left != nil {
		t.Errorf("made in the root: %q", left)
	}
}
