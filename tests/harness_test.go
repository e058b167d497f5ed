package tests

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"casemate/internal/facts"
	"casemate/tests/lab"
)

// bin holds the binaries under test, built by TestMain into a directory that only
// root can write, as the shim demands.
var bin string

func TestMain(m *testing.M) {
	code, err := withBinaries(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(code)
}

func withBinaries(run func() int) (int, error) {
	dir := lab.Ready()
	if dir == "" {
		made, err := os.MkdirTemp("", "casemate-tests-")
		if err != nil {
			return 0, err
		}
		defer os.RemoveAll(made)
		dir = made
	}
	bin = filepath.Join(dir, "bin")
	if _, err := os.Stat(bin); err == nil {
		return run(), nil
	}
	if err := lab.Binaries(dir); err != nil {
		return 0, err
	}
	for _, name := range []string{"die", "hard", "raw", "prowl"} {
		source, err := os.ReadFile("probe/" + name + ".c")
		if err != nil {
			return 0, err
		}
		if err := lab.CompileC(source, filepath.Join(bin, "app", name)); err != nil {
			return 0, err
		}
	}
	return run(), nil
}

// needRoot skips, with the reason, where a launch is impossible.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: a launch makes namespaces and mounts")
	}
	if err := syscall.Access("/proc/self/ns/cgroup", 0); err != nil {
		t.Skip("needs cgroup namespaces")
	}
	watchLeaks(t)
}

// policy is the text of a policy for the probe: the head is filled in, and more
// sections or keys come behind.
func policy(service, argv, more string) string {
	return fmt.Sprintf(`policy = 1
service = %q
arch = [%q]
%s
`, service, runtime.GOARCH, fillExec(argv, more))
}

// fillExec adds the [exec] and [mounts] that every probe needs, unless more has them.
func fillExec(argv, more string) string {
	text := ""
	if !strings.Contains(more, "[exec]") {
		text += "[exec]\nargv = [" + argv + "]\n"
	}
	if !strings.Contains(more, "[mounts]") {
		text += "[mounts]\nbind = [{ from = \"" + filepath.Join(bin, "app") + "\", at = \"/app\", exec = true }]\n"
	}
	if !strings.Contains(more, "[seccomp]") {
		text += "[seccomp]\nallow = [\"@default\", \"@io\", \"@file-read\", \"@file-write\", \"@process\", \"@signals\", \"@threads\", \"@memory\", \"@time\", \"@sched\", \"capget\"]\n"
	}
	return text + more + lsmOf(more)
}

// lsmOf is the section for a policy that has none, "" where it has or none is wanted.
func lsmOf(policy string) string {
	if lsm := os.Getenv(lsmEnv); lsm != "" && !strings.Contains(policy, "[lsm]") {
		return "\n[lsm]\n" + lsm + "\n"
	}
	return ""
}

// lsmEnv holds a line of [lsm] for every policy that has none: the tests of confinement
// run once more under a security module, in a virtual machine that has one.
const lsmEnv = "CASEMATE_TEST_LSM"

// compiled compiles a policy and gives the path of the sealed file.
func compiled(t *testing.T, text string, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	source, out := filepath.Join(dir, "test.toml"), filepath.Join(dir, "test.sealed")
	if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	args = append([]string{"compile", "-o", out}, args...)
	r := command(t, filepath.Join(bin, "casemate"), append(args, source)...)
	if r.code != 0 {
		t.Fatalf("compile: %s\n%s", r, text)
	}
	return out
}

// result of a finished program.
type result struct {
	code           int // -1 for a death by signal
	stdout, stderr string
}

func (r result) String() string {
	return fmt.Sprintf("exit %d\nstdout: %s\nstderr: %s", r.code, r.stdout, r.stderr)
}

// command runs a program to its end.
func command(t *testing.T, name string, args ...string) result {
	t.Helper()
	return begin(t, name, args...).wait(t)
}

// launch runs the shim to its end.
func launch(t *testing.T, sealed string, args ...string) result {
	t.Helper()
	return running(t, sealed, args...).wait(t)
}

// running starts the shim.
func running(t *testing.T, sealed string, args ...string) *process {
	t.Helper()
	return begin(t, filepath.Join(bin, "casemate-shim"), append([]string{"run", sealed}, args...)...)
}

// process is a program under way.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr safeBuffer
	done           chan error
}

func begin(t *testing.T, name string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(name, args...), done: make(chan error, 1)}
	p.start(t)
	return p
}

// start starts the program. It dies with the test, however that ends; the signal for it
// comes when the thread ends that started the program, so that thread stays.
func (p *process) start(t *testing.T) {
	t.Helper()
	if p.cmd.Stdout == nil {
		p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	}
	if p.cmd.SysProcAttr == nil {
		p.cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	p.cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.done <- p.cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.cmd.Process.Kill() })
}

// patience bounds what should take milliseconds; it is there so that a hang fails.
const patience = 60 * time.Second

func (p *process) wait(t *testing.T) result {
	t.Helper()
	select {
	case err := <-p.done:
		var ee *exec.ExitError
		if err != nil && !errors.As(err, &ee) {
			t.Fatal(err)
		}
	case <-time.After(patience):
		below := family(t, p.cmd.Process.Pid, "")
		p.cmd.Process.Kill()
		t.Fatalf("%v did not end\nstdout: %s\nstderr: %s\n%s", p.cmd.Args, p.stdout.String(), p.stderr.String(), below)
	}
	return result{p.cmd.ProcessState.ExitCode(), p.stdout.String(), p.stderr.String()}
}

// family shows a process and those below it, a line each, with what they wait for.
func family(t *testing.T, pid int, indent string) string {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/", pid)
	var b strings.Builder
	fmt.Fprintf(&b, "%s%d", indent, pid)
	for _, name := range []string{"cmdline", "wchan", "syscall"} {
		text, _ := os.ReadFile(dir + name) // it may have ended
		fmt.Fprintf(&b, " %.120q", bytes.ReplaceAll(bytes.TrimSpace(text), []byte{0}, []byte{' '}))
	}
	status, _ := os.ReadFile(dir + "status")
	for _, name := range []string{"State", "SigPnd", "ShdPnd", "SigBlk", "SigCgt"} {
		v, _ := facts.Field(status, name)
		fmt.Fprintf(&b, " %s %s", name, v)
	}
	b.WriteString("\n")
	for _, c := range children(t, pid) {
		b.WriteString(family(t, c.pid, indent+"  "))
	}
	return b.String()
}

// until waits for a text on the program's standard output.
func (p *process) until(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(patience * time.Duration(soak(t, 1))); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if strings.Contains(p.stdout.String(), text) {
			return
		}
		select {
		case err := <-p.done:
			p.done <- err
			if strings.Contains(p.stdout.String(), text) {
				return
			}
			t.Fatalf("ended before %q: %v\nstdout: %s\nstderr: %s", text, err, p.stdout.String(), p.stderr.String())
		default:
		}
	}
	t.Fatalf("no %q\nstdout: %s\nstderr: %s", text, p.stdout.String(), p.stderr.String())
}

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// expect checks the exit code and that each text stands on standard error.
func (r result) expect(t *testing.T, code int, texts ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("want exit %d, got %s", code, r)
	}
	for _, want := range texts {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("standard error lacks %q: %s", want, r)
		}
	}
}

// safeBuffer is a bytes.Buffer that can be read while it is written.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// write puts a text into a file of the test's own.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.toml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
