package child

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"casemate/internal/sys"

	"golang.org/x/sys/unix"
)

// The helper needs the main thread.
func init() { runtime.LockOSThread() }

// TestMain is a process that may vfork when it is called with a path to execute.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "vfork" {
		helper(os.Args[2:])
	}
	os.Exit(m.Run())
}

// helper executes argv by Vfork, or nothing when it is "-", and says how it went.
func helper(argv []string) {
	p := new(Program)
	p.Add(unix.SYS_MKDIRAT, None, unix.EEXIST, FD(unix.AT_FDCWD), String("/"), Int(0o755))
	p.Add(unix.SYS_GETPID, 5, 0)
	if argv[0] != "-" {
		p.Add(unix.SYS_EXECVE, None, 0, String(argv[0]), Strings(argv), p.Environment([]string{"A=1"}, []string{"OWN", "OTHER"}))
	}
	if err := sys.CatchAll(); err != nil {
		panic(err)
	}
	text := make([]byte, 0, 64)
	pid, failed, errno := p.Vfork()
	var status syscall.WaitStatus
	for reaped := 0; reaped == 0; {
		var info sys.Siginfo
		sys.RtSigtimedwait(sys.AllSignals, &info, 0)
		reaped, status, _ = sys.Wait4()
	}
	if pid != int(p.slots[5]) {
		sys.Exit(1)
	}
	for _, n := range [...]int{failed.Step, int(failed.Errno), int(errno), int(status) >> 8} {
		text = strconv.AppendInt(append(text, ' '), int64(n), 10)
	}
	sys.Write(1, append(text, '\n'))
	sys.Exit(0)
}

func viaVfork(t *testing.T, argv ...string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: the helper is PID 1 of a new PID namespace")
	}
	cmd := exec.Command("/proc/self/exe", append([]string{"vfork"}, argv...)...)
	cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWPID}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%q: %v", argv, err)
	}
	return string(out)
}

// said is the helper's word on a program that failed.
func said(step int, errno unix.Errno) string { return fmt.Sprintf(" %d %d 0 250\n", step, int(errno)) }

func TestVfork(t *testing.T) {
	for _, c := range []struct {
		argv []string
		want string
	}{
		{[]string{"/bin/sh", "-c", "exit 3"}, " 0 0 0 3\n"},
		{[]string{"/bin/echo", "a", "b c"}, "a b c\n 0 0 0 0\n"},
		{[]string{"/bin/sh", "-c", "echo $A; [ $$ = $OWN ] && [ $OWN = $OTHER ] && echo same; env | grep -c O"}, "1\nsame\n2\n 0 0 0 0\n"},
		{[]string{"/nothing"}, said(2, unix.ENOENT)},
		{[]string{"/etc/passwd"}, said(2, unix.EACCES)},
		{[]string{"-"}, said(1, unix.ENOEXEC)},
	} {
		if got := viaVfork(t, c.argv...); got != c.want {
			t.Errorf("%q: %q, want %q", strings.Join(c.argv, " "), got, c.want)
		}
	}
}

func TestVectorRefuses(t *testing.T) {
	for _, list := range [][]uintptr{nil, {1}, {0, 1}} {
		func() {
			defer func() {
				if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), "BUG") {
					t.Errorf("%v is taken: %v", list, r)
				}
			}()
			Vector(list)
		}()
	}
}
