package supervise

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"casemate/internal/exit"

	"golang.org/x/sys/unix"
)

// brief shortens a bound for one test.
func brief(t *testing.T, bound *time.Duration, d time.Duration) {
	t.Helper()
	old := *bound
	*bound = d
	t.Cleanup(func() { *bound = old })
}

// What init has said of the main child's end holds, however init itself ends then.
func TestStatusThatInitHasSaid(t *testing.T) {
	for words, want := range map[string]int{
		"started:2 exited:0x300 die:9": 3, "started:2 exited:0 die:9": 0, "started:2 exited:9 die:9": 137,
		"started:2 exited:0x8f die:15": 128 + 15, "started:2 exited:0x300 exit:3": 3,
	} {
		c := released(t, words)
		if code, err := c.Supervise(); code != want || err != nil {
			t.Errorf("%s: %d, %v", words, code, err)
		}
	}
}

// Each message comes once, and in its turn.
func TestMessagesOutOfTurn(t *testing.T) {
	for _, words := range []string{
		"started:2 started:2 hang", "exited:0 hang", "started:2 execerror:2 hang", "execerror:2 started:2 hang",
		"execerror:2 execerror:2 hang", "started:2 exited:0 exited:0 hang", "started:2 exited:0 started:2 hang", "execerror:2 exited:0 hang",
	} {
		c := released(t, words)
		if _, err := c.Supervise(); exit.CodeOf(err) != exit.Unlike || !strings.Contains(err.Error(), "out of turn") {
			t.Errorf("%s: %v", words, err)
		}
	}
}

// An init that does not end is killed a little after the grace: after TERM, and after the end
// of the main child. Without either it has all the time.
func TestOverdue(t *testing.T) {
	brief(t, &slack, 10*time.Millisecond)
	for _, words := range []string{"catch ready release started hang", "ready release started exited:0x300 hang"} {
		c := begun(t, words)
		c.grace = 20 * time.Millisecond
		if err := errors.Join(c.AwaitExec(), c.ready(), c.Release()); err != nil {
			t.Fatal(err)
		}
		want := 3
		if strings.HasPrefix(words, "catch") {
			want = 128 + 9
			if _, err := wait(time.Now().Add(50*time.Millisecond), c.child.PIDFD); !errors.Is(err, errTimeout) {
				t.Errorf("%s: ended by itself: %v", words, err)
			}
			c.arrives(t, unix.SIGUSR1)
			c.arrives(t, unix.SIGTERM)
		}
		if code, err := c.Supervise(); code != want || err != nil {
			t.Errorf("%s: %d, %v", words, code, err)
		}
	}
}

// A PID 1 that waits for a process that cannot end cannot end either: here one that this
// test traces and does not reap (ptrace(2)). The shim says so and goes on.
func TestUnkillable(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: init is PID 1 of a new PID namespace")
	}
	brief(t, &killTimeout, 50*time.Millisecond)
	brief(t, &slack, 10*time.Millisecond)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, supervised := range []bool{true, false} {
		c := begunIn(t, unix.CLONE_NEWPID, "fork catch ready release started hang")
		c.grace = 0
		if err := errors.Join(c.AwaitExec(), c.ready(), c.Release()); err != nil {
			t.Fatal(err)
		}
		inner := onlyChild(t, c.PID())
		if err := unix.PtraceSeize(inner); err != nil {
			t.Fatal(err)
		}
		if supervised {
			c.arrives(t, unix.SIGTERM)
			if code, err := c.Supervise(); code != 128+9 || err != nil {
				t.Errorf("%d, %v", code, err)
			}
		}
		if err := c.Kill(); !errors.Is(err, errUnkillable) {
			t.Errorf("%v", err)
		}
		var status unix.WaitStatus
		if _, err := unix.Wait4(inner, &status, unix.WALL, nil); err != nil {
			t.Error(err)
		}
		if _, err := unix.Wait4(c.PID(), &status, 0, nil); err != nil || status.Signal() != unix.SIGKILL {
			t.Errorf("%#x, %v", status, err)
		}
		c.reaped = true
	}
}

// onlyChild is the child of a process.
func onlyChild(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/task/" + strconv.Itoa(pid) + "/children")
	if err != nil {
		t.Skipf("the kernel does not list children (CONFIG_PROC_CHILDREN): %v", err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// init's OOM score is lowered when the workload runs, and not before: as far as this process
// may, which is below the policy's in any case.
func TestShield(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: init's files in /proc are root's")
	}
	c := begun(t, "ready release started hang")
	proc, err := unix.Open("/proc", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(proc)
	if err := errors.Join(c.AwaitExec(), c.ready()); err != nil {
		t.Fatal(err)
	}
	name := "/proc/" + strconv.Itoa(c.PID()) + "/oom_score_adj"
	if err := os.WriteFile(name, []byte("700"), 0); err != nil {
		t.Fatal(err)
	}
	full, err := c.Shield(proc)
	if err != nil {
		t.Fatal(err)
	}
	score := func() string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(text))
	}
	if err := c.Release(); err != nil {
		t.Fatal(err)
	}
	if _, err := wait(forever, c.gate); err != nil {
		t.Fatal(err)
	}
	if got := score(); got != "700" {
		t.Errorf("before it was heard that the workload runs: %s", got)
	}
	if _, err := c.heard(); err != nil {
		t.Fatal(err)
	}
	want := map[bool]string{true: "-1000", false: "0"}[full]
	if got := score(); got != want || c.score != -1 {
		t.Errorf("afterwards: %s, want %s; descriptor %d", got, want, c.score)
	}
	if !full {
		t.Log(NoShield)
	}
}

// A process that has gone cannot be shielded.
func TestShieldOfNobody(t *testing.T) {
	c := begun(t, "exit:0")
	proc, err := unix.Open("/proc", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(proc)
	if _, err := wait(forever, c.child.PIDFD); err != nil {
		t.Fatal(err)
	}
	if err := c.reap(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Shield(proc); err == nil || c.score != -1 {
		t.Errorf("%v, descriptor %d", err, c.score)
	}
}
