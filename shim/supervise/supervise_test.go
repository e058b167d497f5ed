package supervise

import (
	"errors"
	"strings"
	"testing"
	"time"

	"casemate/internal/child"
	"casemate/internal/exit"

	"golang.org/x/sys/unix"
)

// The exit status of the shim is init's, which is the workload's; 128 and the signal
// when init itself was killed.
func TestExitStatus(t *testing.T) {
	for words, want := range map[string]int{
		"started:2 exited:0 exit:0": 0, "started:2 exited:0x300 exit:3": 3, "started exit:255": 255, "started exit:130": 130,
		"execerror:2 exit:127": 127, "execerror:13 exit:126": 126, "exit:7": 7, "close exit:9": 9,
		"started die:9": 137, "started die:15": 143, "started close die:9": 137,
	} {
		t.Run(words, func(t *testing.T) {
			c := released(t, words)
			if code, err := c.Supervise(); code != want || err != nil {
				t.Errorf("%d, %v", code, err)
			}
			if err := c.reapedAlready(); err != nil {
				t.Error(err)
			}
		})
	}
}

// reapedAlready wants that no zombie is left.
func (c *company) reapedAlready() error {
	if err := unix.Kill(c.PID(), 0); !errors.Is(err, unix.ESRCH) {
		return errors.New("init is not reaped")
	}
	return nil
}

// What init says out of turn ends the launch, and in a way that a manager can tell.
func TestBeforeTheWorkload(t *testing.T) {
	for words, want := range map[string]struct {
		text string
		code int
	}{
		"started hang":         {"init spoke out of turn", exit.Bug},
		"exited:0 hang":        {"init spoke out of turn", exit.Bug},
		"kind:0x43470002 hang": {"init spoke out of turn", exit.Bug},
		"ready:1 hang":         {"init reported 0x1, which it never does", exit.Unlike},
		"garbage hang":         {"which it never sends", exit.Unlike},
		"short hang":           {"which it never sends", exit.Unlike},
		"long hang":            {"which it never sends", exit.Unlike},
		"exit:246":             {"init refused its orders", exit.Bug},
		"exit:1":               {"init ended before the workload ran: exit status 1", exit.Bug},
		"die:9":                {"init ended before the workload ran: killed by SIGKILL", exit.Bug},
		"close exit:5":         {"init ended before the workload ran: exit status 5", exit.Bug},
	} {
		t.Run(words, func(t *testing.T) {
			c := begun(t, words)
			if err := c.AwaitExec(); err != nil {
				t.Fatal(err)
			}
			err := c.ready()
			if err == nil || !strings.Contains(err.Error(), want.text) {
				t.Fatalf("%v", err)
			}
			if code := exit.CodeOf(err); code != want.code {
				t.Errorf("code %d, not %d", code, want.code)
			}
			if err := c.Kill(); err != nil {
				t.Error(err)
			}
			if err := c.reapedAlready(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A released init that says what it never says is not init any more.
func TestAfterTheRelease(t *testing.T) {
	for _, words := range []string{"ready exit:0", "kind:0x43470002 exit:0", "started garbage exit:0", "started short exit:0", "started long exit:0", "started kind:0 exit:0"} {
		t.Run(words, func(t *testing.T) {
			c := released(t, words)
			if code, err := c.Supervise(); exit.CodeOf(err) != exit.Unlike || code != 0 {
				t.Errorf("%d, %v", code, err)
			}
			if err := c.Kill(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A step that failed is told as it is.
func TestAwaitExecOfAFailedStep(t *testing.T) {
	c := begun(t, "no-init")
	var f *child.Failure
	if err := c.AwaitExec(); !errors.As(err, &f) || f.Step != 1 || f.Errno != unix.ENOENT {
		t.Errorf("%v", err)
	}
	if err := c.Kill(); err != nil {
		t.Error(err)
	}
	if err := c.reapedAlready(); err != nil {
		t.Error(err)
	}
}

// What asks for an end before the workload runs ends the launch.
func TestSignalsBeforeTheWorkload(t *testing.T) {
	for _, n := range []unix.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGQUIT, unix.SIGHUP} {
		for _, early := range []bool{true, false} {
			c := begun(t, "hang")
			if !early {
				if err := c.AwaitExec(); err != nil {
					t.Fatal(err)
				}
			}
			c.arrives(t, unix.SIGUSR1) // before it, and of no consequence
			c.arrives(t, n)
			var err error
			if early {
				err = c.AwaitExec()
			}
			if err == nil { // the exec may come first; then this wait hears it
				err = c.ready()
			}
			var aborted Aborted
			if !errors.As(err, &aborted) || unix.Signal(aborted) != n || !strings.Contains(err.Error(), unix.SignalName(n)) {
				t.Errorf("%s, early %v: %v", unix.SignalName(n), early, err)
			}
			if err := c.Kill(); err != nil {
				t.Error(err)
			}
			if err := c.reapedAlready(); err != nil {
				t.Error(err)
			}
		}
	}
}

// Any other signal waits for the workload.
func TestSignalsWaitForTheWorkload(t *testing.T) {
	for _, n := range []unix.Signal{unix.SIGUSR1, unix.SIGWINCH, unix.SIGCONT, 64} {
		c := begun(t, "catch ready release started signal")
		c.arrives(t, n)
		if err := errors.Join(c.AwaitExec(), c.ready(), c.Release()); err != nil {
			t.Fatal(err)
		}
		if code, err := c.Supervise(); code != int(n) || err != nil {
			t.Errorf("%d: %d, %v", n, code, err)
		}
	}
}

func TestSignalsAreForwarded(t *testing.T) {
	for _, n := range []unix.Signal{unix.SIGTERM, unix.SIGHUP, unix.SIGPIPE, unix.SIGTSTP, 34, 63} {
		c := begun(t, "catch ready release started signal")
		if err := errors.Join(c.AwaitExec(), c.ready(), c.Release()); err != nil {
			t.Fatal(err)
		}
		c.arrives(t, n)
		if code, err := c.Supervise(); code != int(n) || err != nil {
			t.Errorf("%d: %d, %v", n, code, err)
		}
	}
}

// A wait is bounded: init is alive and says nothing.
func TestStartTimesOut(t *testing.T) {
	defer func(old time.Duration) { startTimeout = old }(startTimeout)
	startTimeout = 20 * time.Millisecond
	c := begun(t, "hang")
	startTimeout = 10 * time.Second
	if err := c.AwaitExec(); err != nil {
		t.Fatal(err)
	}
	startTimeout = 20 * time.Millisecond
	if err := c.ready(); err == nil || !strings.Contains(err.Error(), "init did not answer in 20ms") {
		t.Errorf("%v", err)
	}
	closed := begun(t, "close hang")
	startTimeout = 10 * time.Second
	if err := closed.AwaitExec(); err != nil {
		t.Fatal(err)
	}
	if _, err := wait(forever, closed.gate); err != nil {
		t.Fatal(err)
	}
	startTimeout = 20 * time.Millisecond
	if err := closed.ready(); err == nil || !strings.Contains(err.Error(), "closed the gate before") {
		t.Errorf("%v", err)
	}
}

// An init that is gone is an error of the release, not a SIGPIPE.
func TestReleaseOfADeadInit(t *testing.T) {
	c := begun(t, "ready exit:0")
	if err := errors.Join(c.AwaitExec(), c.ready()); err != nil {
		t.Fatal(err)
	}
	if _, err := wait(forever, c.child.PIDFD); err != nil {
		t.Fatal(err)
	}
	if err := c.Release(); !errors.Is(err, unix.EPIPE) {
		t.Errorf("%v", err)
	}
}

// The one wait is bounded only by the deadline.
func TestWait(t *testing.T) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[0])
	if _, err := wait(time.Now().Add(-time.Second), pipe[0]); !errors.Is(err, errTimeout) {
		t.Errorf("the deadline is past: %v", err)
	}
	unix.Write(pipe[1], []byte("x"))
	if ready, err := wait(forever, pipe[0], pipe[1]); err != nil || !ready[0] || ready[1] {
		t.Errorf("%v, %v", ready, err)
	}
	unix.Read(pipe[0], make([]byte, 1))
	unix.Close(pipe[1])
	if ready, err := wait(forever, pipe[0]); err != nil || !ready[0] {
		t.Errorf("hung up: %v, %v", ready, err)
	}
}

func TestAbortedHasTheSignalsName(t *testing.T) {
	if got := Aborted(unix.SIGTERM).Error(); got != "the launch was ended by SIGTERM" {
		t.Error(got)
	}
}
