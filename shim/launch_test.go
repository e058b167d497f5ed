package main

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"casemate/internal/exit"

	"golang.org/x/sys/unix"
)

func TestExitStatusOfALaunch(t *testing.T) {
	for _, code := range []string{"0", "3", "255"} {
		l := shim(t, code)
		if got := l.ends(t); l.out.String() != "started\n" || got != int(atoi(code)) {
			t.Errorf("%s: %d, %q, %q", code, got, l.out.String(), l.err.String())
		}
		l.left(t)
	}
}

func atoi(s string) (n uint8) {
	for _, c := range s {
		n = n*10 + uint8(c-'0')
	}
	return n
}

// How the shim was started must not matter: with ignored or blocked signals (bubblewrap
// lost wait statuses so), without standard streams, with descriptors that are not ours.
func TestHostileStarts(t *testing.T) {
	for name, script := range map[string]string{
		"as it is":           `exec "$@"`,
		"signals ignored":    `trap "" CHLD TERM INT HUP USR1 PIPE URG; exec "$@"`,
		"no standard input":  `exec "$@" <&-`,
		"no standard output": `exec "$@" >&-`,
		"no standard error":  `exec "$@" 2>&-`,
		"none of them":       `exec "$@" <&- >&- 2>&-`,
		"descriptors":        `exec 3</ 4</ 5</ 6</ 7</ 8</ 9</; exec "$@"`,
		"umask":              `umask 777; exec "$@"`,
		"directory gone":     `d=$(mktemp -d); cd $d; rmdir $d; exec "$@"`,
	} {
		t.Run(name, func(t *testing.T) {
			l := shim(t, "7")
			l.Path, l.Args = "/bin/sh", append([]string{"sh", "-c", script, "sh"}, append([]string{l.Path}, l.Args[1:]...)...)
			if got := l.ends(t); got != 7 {
				t.Errorf("%d: %s", got, l.err.String())
			}
			l.left(t)
		})
	}
}

// As PID 1 of a container.
func TestShimIsPID1(t *testing.T) {
	l := shim(t, "7")
	l.SysProcAttr.Cloneflags = unix.CLONE_NEWPID
	if got := l.ends(t); got != 7 {
		t.Errorf("%d: %s", got, l.err.String())
	}
	l.left(t)
}

// Root of a user namespace is not root: refused, with what is missing, and nothing is left.
func TestShimInAUserNamespace(t *testing.T) {
	if b, err := os.ReadFile("/proc/sys/user/max_user_namespaces"); err != nil || string(b) == "0\n" {
		t.Skip("needs user namespaces")
	}
	l := shim(t, "7")
	l.SysProcAttr.Cloneflags = unix.CLONE_NEWUSER | unix.CLONE_NEWNS
	l.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: 0, Size: 1}}
	l.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: 0, Size: 1}}
	if got := l.ends(t); got != exit.Lacking && got != exit.Step {
		t.Errorf("%d: %s", got, l.err.String())
	}
	l.left(t)
}

// Few descriptors: a line that names them, never a half launch.
func TestFewDescriptors(t *testing.T) {
	for _, n := range []string{"8", "20", "64", "65", "66", "70"} {
		l := shim(t, "7")
		l.Path, l.Args = "/bin/sh", append([]string{"sh", "-c", `ulimit -n ` + n + ` && exec "$@"`, "sh"}, append([]string{l.Path}, l.Args[1:]...)...)
		got := l.ends(t)
		if got == 7 {
			continue
		}
		if got != exit.Step && got != exit.Lacking && got != exit.Usage || !strings.Contains(l.err.String(), "open files") {
			t.Errorf("%s descriptors: %d, %s", n, got, l.err.String())
		}
		l.left(t)
	}
}

// Nobody reads standard error any more: the exit status is what it is, and nothing is left.
func TestStandardErrorIsBroken(t *testing.T) {
	if testing.CoverMode() != "" {
		t.Skip("needs a run without -cover, for which each process writes to standard error at its end")
	}
	for name, killed := range map[string]bool{"init is killed": true, "a step fails": false} {
		t.Run(name, func(t *testing.T) {
			l := shim(t, "hang")
			want := 128 + 9
			if !killed {
				p := simple(l.service)
				p.Exec.Rlimits[1].Hard = 1 << 40 // above fs.nr_open
				p.Exec.Rlimits[1].Soft = 64
				l = shimOf(t, p, "0")
				want = exit.Step
			}
			read, write, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			l.Stderr = write
			if !killed {
				read.Close()
			}
			if killed {
				l.begins(t)
				read.Close()
				if err := unix.Kill(l.init(t), unix.SIGKILL); err != nil {
					t.Fatal(err)
				}
			} else if err := l.Start(); err != nil {
				t.Fatal(err)
			}
			write.Close()
			l.Wait()
			if got := l.ProcessState.ExitCode(); got != want {
				t.Errorf("%v, not %d", l.ProcessState, want)
			}
			l.left(t)
		})
	}
}

// A signal before the workload runs ends the launch, and init with it.
func TestSignalDuringTheLaunch(t *testing.T) {
	l := shim(t, "silent")
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	l.locked(t)
	if err := l.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	l.Wait()
	if got := l.ProcessState.ExitCode(); got != 128+15 {
		t.Errorf("%v: %s", l.ProcessState, l.err.String())
	}
	l.left(t)
}

// The same service twice: the second one says so and touches nothing.
func TestAlreadyRunning(t *testing.T) {
	l := shim(t, "hang")
	l.begins(t)
	second := exec.Command(l.Path, l.Args[1:]...)
	second.Env = l.Env
	out, _ := second.CombinedOutput()
	if second.ProcessState.ExitCode() != exit.Step || !strings.Contains(string(out), "already running") {
		t.Errorf("%v: %s", second.ProcessState, out)
	}
	l.Process.Signal(syscall.SIGTERM) // goes to the fake init, whose Go runtime ends with 2
	l.Wait()
	if got := l.ProcessState.ExitCode(); got != 2 {
		t.Errorf("%v: %s", l.ProcessState, l.err.String())
	}
	l.left(t)
}

func TestPanicIsABug(t *testing.T) {
	code, err := guarded(func() (int, error) { panic("BUG: flag 0x4 without a name") })
	if code != 0 || exit.CodeOf(err) != exit.Bug || !strings.Contains(err.Error(), "0x4") {
		t.Errorf("%d, %v", code, err)
	}
	var list []int
	if _, err := guarded(func() (int, error) { return list[3], nil }); exit.CodeOf(err) != exit.Bug {
		t.Errorf("%v", err)
	}
	if code, err := guarded(func() (int, error) { return 7, nil }); code != 7 || err != nil {
		t.Errorf("%d, %v", code, err)
	}
}
