package tests

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// manages is a service manager that has just forked: LISTEN_PID and WATCHDOG_PID are the
// shim's own number, as they must be.
const manages = `LISTEN_PID=$$ WATCHDOG_PID=$$ exec "$@"`

// managed starts the shim as a service manager does: with an environment, and with files as
// the descriptors from 3 up.
func managed(t *testing.T, sealed string, env []string, files []*os.File, args ...string) *process {
	t.Helper()
	shim := append([]string{filepath.Join(bin, "casemate-shim"), "run"}, append(args, sealed)...)
	p := &process{cmd: exec.Command("/bin/sh", append([]string{"-c", manages, "sh"}, shim...)...), done: make(chan error, 1)}
	p.cmd.Env, p.cmd.ExtraFiles = append(os.Environ(), env...), files
	p.start(t)
	return p
}

// withContract is a policy whose workload prints what has come from the manager.
func withContract(service, argv, manager string) string {
	return policy(service, `"/app/probe", "contract"`+argv, `[seccomp]
allow = ["@default", "@io", "@file-read", "@file-write", "@process", "@signals", "@threads", "@memory", "@time", "@sched", "@unix-socket", "@net-server"]
[manager]
`+manager)
}

// listening is a socket that waits for connections, as a file.
func listening(t *testing.T) (*os.File, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, l.Addr().String()
}

// fifo is one end of a pipe.
func fifo(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r
}

// leads is what an open file's descriptor leads to.
func leads(t *testing.T, f *os.File) string {
	t.Helper()
	to, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// lines are those of an output that begin with a word.
func lines(out, word string) (found []string) {
	for line := range strings.Lines(out) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), word+" "); ok {
			found = append(found, rest)
		}
	}
	return found
}

const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Sockets and FIFOs arrive from 3 up, in the manager's order, under the manager's names,
// with a LISTEN_PID that is the workload's own number; the shim and init keep none.
func TestManagerSockets(t *testing.T) {
	needRoot(t)
	socket, address := listening(t)
	pipe := fifo(t)
	sealed := compiled(t, withContract("sockets", `, "accept", "wait"`, `pass_fds = ["http", "feed 1"]`))
	p := managed(t, sealed, []string{"LISTEN_FDS=3", "LISTEN_FDNAMES=http:feed 1:http"}, []*os.File{socket, pipe, socket})
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if text, err := io.ReadAll(c); string(text) != "hello from inside\n" || err != nil {
		t.Errorf("it answers %q, %v", text, err)
	}
	p.until(t, "ready")
	out := p.stdout.String()
	equal(t, "env", lines(out, "env"), []string{defaultPath, "LISTEN_FDS=3", "LISTEN_FDNAMES=http:feed 1:http", "LISTEN_PID=" + lines(out, "pid")[0]})
	fds := lines(out, "fd")
	equal(t, "passed", fds[min(3, len(fds)):], []string{"3 " + leads(t, socket), "4 " + leads(t, pipe), "5 " + leads(t, socket)})
	shim := p.cmd.Process.Pid
	for _, who := range []int{shim, childOf(t, shim)} {
		if n := opened(t, who, leads(t, socket)); n != 0 {
			t.Errorf("process %d, of the shim and init, has %d of the sockets open", who, n)
		}
	}
	checks := receiptOf(t, "sockets")
	if !strings.Contains(checks, `"0 1 2 4 7 8 9"`) || !strings.Contains(checks, leads(t, pipe)) || strings.Contains(checks, "DIFFERS") {
		t.Errorf("the receipt lacks the descriptors: %s", checks)
	}
	p.signal(t, unix.SIGTERM)
	p.wait(t).expect(t, 128+15)
}

// receiptOf is the receipt in words; it comes a moment after the workload runs.
func receiptOf(t *testing.T, service string) (text string) {
	t.Helper()
	retry(t, func() error {
		out, err := exec.Command(filepath.Join(bin, "casemate-shim"), "status", service).Output()
		text = string(out)
		return err
	})
	return text
}

// childOf is the only child of a process.
func childOf(t *testing.T, pid int) (child int) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		t.Skipf("needs CONFIG_PROC_CHILDREN: %v", err)
	}
	fmt.Sscan(string(b), &child)
	return child
}

// opened counts the descriptors of a process that lead somewhere.
func opened(t *testing.T, pid int, to string) (n int) {
	t.Helper()
	for fd := range 256 {
		if there, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd)); err == nil && there == to {
			n++
		}
	}
	return n
}

// Without a word of the policy none is passed, and no variable.
func TestManagerSocketsNotAskedFor(t *testing.T) {
	needRoot(t)
	socket, _ := listening(t)
	dir, err := os.Open("/etc")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	sealed := compiled(t, withContract("unasked", "", ""))
	r := managed(t, sealed, []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=a:b", "NOTIFY_SOCKET=", "CREDENTIALS_DIRECTORY=/etc", "WATCHDOG_USEC=1000000"}, []*os.File{socket, dir}).wait(t)
	r.expect(t, 0)
	equal(t, "env", lines(r.stdout, "env"), []string{defaultPath})
	equal(t, "fds", len(lines(r.stdout, "fd")), 3)
}

// What the manager passes and what the policy names must be the same, and be nothing that
// leads to more; else nothing is launched, and the code says that a restart is in vain.
func TestManagerSocketsRefused(t *testing.T) {
	needRoot(t)
	socket, _ := listening(t)
	dir, err := os.Open("/etc")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	null, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	path := filepath.Join(t.TempDir(), "socket")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	reference := os.NewFile(uintptr(fd), "reference")
	defer reference.Close()
	sealed := compiled(t, withContract("refused", "", `pass_fds = ["http", "https"]`))
	two := []*os.File{socket, socket}
	for _, c := range some(t, []struct {
		name  string
		env   []string
		files []*os.File
		want  string
	}{
		{"nothing", nil, nil, `passes no descriptor named "http"; `},
		{"one of two", []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=http"}, two[:1], `passes no descriptor named "https"`},
		{"one too many", []string{"LISTEN_FDS=3", "LISTEN_FDNAMES=http:https:ssh"}, append(two, socket), `passes a descriptor named "ssh", which pass_fds does not name`},
		{"no names", []string{"LISTEN_FDS=2"}, two, `a descriptor named "unknown"`},
		{"too few names", []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=http"}, two, "LISTEN_FDNAMES has 1 names for 2 descriptors"},
		{"an empty name", []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=http:"}, two, "bad name"},
		{"a bad number", []string{"LISTEN_FDS=+2", "LISTEN_FDNAMES=http:https"}, two, `LISTEN_FDS is "+2", no number`},
		{"too many", []string{"LISTEN_FDS=49", "LISTEN_FDNAMES=http:https"}, two, "at most 48"},
		{"not open", []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=http:https"}, two[:1], "descriptor 4 (https) is not open"},
		{"a directory", []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=http:https"}, []*os.File{socket, dir}, "descriptor 4 (https) is neither a socket nor a FIFO"},
		{"a device", []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=http:https"}, []*os.File{null, socket}, "descriptor 3 (http) is neither"},
		{"a path of a socket", []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=http:https"}, []*os.File{socket, reference}, "descriptor 4 (https) is neither"},
		{"for another process", []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=http:https", "OTHER=1"}, two, `passes no descriptor named "http"`},
	}) {
		t.Run(c.name, func(t *testing.T) {
			p := managed(t, sealed, c.env, c.files)
			if slices.Contains(c.env, "OTHER=1") {
				p.wait(t)
				p = begin(t, "/usr/bin/env", append(append([]string{"LISTEN_PID=1"}, c.env...), filepath.Join(bin, "casemate-shim"), "run", sealed)...)
			}
			r := p.wait(t)
			r.expect(t, 247, c.want)
			if r.stdout != "" {
				t.Errorf("something ran: %s", r)
			}
		})
	}
}

// credentials is a directory as systemd makes one.
func credentials(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The workload reads copies of what the policy names, can change none, and nothing of
// them is anywhere else.
func TestManagerCredentials(t *testing.T) {
	needRoot(t)
	const secret = "correct horse battery staple"
	dir := credentials(t, map[string]string{"tls.key": secret, "empty": "", "other": "not named"})
	for _, uid := range []string{"65534", "0"} {
		why := map[string]string{"0": "[why]\n\"exec.user\" = \"a test of uid 0\"\n"}[uid]
		text := strings.Replace(withContract("secrets", `, "wait"`, "credentials = [\"tls.key\", \"empty\"]\n"+why), "[exec]", "[exec]\nuser = \""+uid+"\"\ngroup = \"7\"", 1)
		p := managed(t, compiled(t, text), []string{"CREDENTIALS_DIRECTORY=" + dir}, nil)
		p.until(t, "ready")
		out := p.stdout.String()
		equal(t, "credentials", lines(out, "credential"), []string{"empty 0400 " + uid + ` "" <nil>`, "tls.key 0400 " + uid + ` "` + secret + `" <nil>`})
		equal(t, "what may be changed", lines(out, "write"), []string{"true true true", "true true true"})
		equal(t, "env", lines(out, "env"), []string{defaultPath, "CREDENTIALS_DIRECTORY=/dev/casemate/credentials"})
		if r := receiptOf(t, "secrets"); !strings.Contains(r, "mount /dev/casemate/credentials") || strings.Contains(r+p.stderr.String(), secret) {
			t.Errorf("receipt and log: %s, %s", r, p.stderr.String())
		}
		p.signal(t, unix.SIGTERM)
		p.wait(t).expect(t, 128+15)
	}
}

func TestManagerCredentialsRefused(t *testing.T) {
	needRoot(t)
	const half = 512<<10 + 1
	dir := credentials(t, map[string]string{"a": strings.Repeat("x", half), "b": strings.Repeat("y", half), "large": strings.Repeat("x", 1<<20+1), "whole": strings.Repeat("x", 1<<20)})
	for name, to := range map[string]string{"link": "/etc/passwd", "inside": "a"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "directory"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range some(t, []struct{ names, dir, want string }{
		{`"a"`, "", "passes no credentials (CREDENTIALS_DIRECTORY)"},
		{`"a"`, "relative", "no absolute path"},
		{`"a"`, dir + "/none", "no such file"},
		{`"missing"`, dir, `credential "missing"`},
		{`"link"`, dir, `credential "link"`},
		{`"inside"`, dir, `credential "inside"`},
		{`"fifo"`, dir, "not a file"},
		{`"directory"`, dir, "not a file"},
		{`"large"`, dir, "larger than 1048576"},
		{`"a", "b"`, dir, "larger than 1048576"},
	}) {
		r := managed(t, compiled(t, withContract("nosecrets", "", "credentials = ["+c.names+"]")), []string{"CREDENTIALS_DIRECTORY=" + c.dir}, nil).wait(t)
		r.expect(t, 247, c.want)
		if r.stdout != "" {
			t.Errorf("%s: something ran: %.300s", c.names, r)
		}
	}
	r := managed(t, compiled(t, withContract("nosecrets", "", `credentials = ["whole"]`)), []string{"CREDENTIALS_DIRECTORY=" + dir}, nil).wait(t)
	r.expect(t, 0)
}
