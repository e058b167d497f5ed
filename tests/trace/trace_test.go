//go:build amd64

package trace

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// shell runs a line under a Tracer that follows it, and gives its output and status.
func shell(t *testing.T, tracer *Tracer, line string) (string, unix.WaitStatus) {
	t.Helper()
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	tracer.Follow = func(role string) bool { return role == Launcher }
	status, err := tracer.Run("/bin/sh", []string{"sh", "-c", line}, os.Environ(), []uintptr{0, out.Fd(), out.Fd()})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text), status
}

// chdirs answers the calls of chdir to a path.
func chdirs(path string, v Verdict, seen *int) func(*Call) Verdict {
	return func(c *Call) Verdict {
		if c.Name != "chdir" || c.Text(c.Args[0]) != path {
			return Verdict{}
		}
		*seen++
		return v
	}
}

// A call that is let go is made; one that is denied is not, nor one that is lied about.
func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name string
		v    Verdict
		want string
	}{
		{"let go", Verdict{}, "/sys\n"},
		{"denied", Deny("chdir", unix.EIO), "can't cd to /sys\n/\n"},
		{"lied about", Lie(0), "/\n"},
	} {
		seen := 0
		text, status := shell(t, &Tracer{Entry: chdirs("/sys", c.v, &seen)}, "cd /; cd /sys; /bin/pwd -P")
		if seen != 1 || status != 0 || !strings.HasSuffix(text, c.want) {
			t.Errorf("%s: seen %d, status %#x, output %q", c.name, seen, status, text)
		}
	}
}

// Once released nobody is stopped any more, and the end is reported all the same.
func TestRelease(t *testing.T) {
	calls, tracer := 0, &Tracer{}
	tracer.Entry = func(c *Call) Verdict {
		calls++
		tracer.Release()
		return Deny(c.Name, unix.ENOMEM)
	}
	if _, status := shell(t, tracer, "exit 3"); calls != 1 || status.ExitStatus() != 3 {
		t.Errorf("%d calls, status %#x", calls, status)
	}
	killed := &Tracer{Exit: func(c *Call) {
		if c.Name == "chdir" {
			unix.Kill(c.PID, unix.SIGKILL)
		}
	}}
	if _, status := shell(t, killed, "cd /; sleep 60"); status.Signal() != unix.SIGKILL {
		t.Errorf("status %#x", status)
	}
}

// A site is found again in the next run.
func TestSites(t *testing.T) {
	var runs [2][]Site
	for i := range runs {
		shell(t, &Tracer{Exit: func(c *Call) { runs[i] = append(runs[i], c.Site()) }}, "cd /; cd /sys")
	}
	if len(runs[0]) < 10 || len(runs[0]) != len(runs[1]) {
		t.Fatalf("%d calls, then %d", len(runs[0]), len(runs[1]))
	}
	for i, s := range runs[0] {
		if s != runs[1][i] {
			t.Errorf("%s, then %s", s, runs[1][i])
		}
	}
	if s := (Site{Shim, "openat2", false, 3}).String(); s != "shim: openat2 3 of the runtime" {
		t.Error(s)
	}
}
