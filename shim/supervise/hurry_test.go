package supervise

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// scheduled is how init is, nice value included.
func (c *company) scheduled(t *testing.T) unix.SchedAttr {
	t.Helper()
	a, err := unix.SchedGetAttr(c.PID(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return *a
}

// becomes waits until init is scheduled by a policy.
func (c *company) becomes(t *testing.T, policy uint32) unix.SchedAttr {
	t.Helper()
	for end := time.Now().Add(patience / 2); ; time.Sleep(time.Millisecond) {
		a := c.scheduled(t)
		if a.Policy == policy {
			return a
		}
		if time.Now().After(end) {
			t.Fatalf("init is scheduled by %+v, not by policy %d", a, policy)
		}
	}
}

// hurried starts a fake init of nice value 5 that can hurry, for so long.
func hurried(t *testing.T, moment time.Duration) (c *company, usual unix.SchedAttr) {
	t.Helper()
	brief(t, &rush, moment)
	c = begun(t, "catch ready release started hang")
	if err := errors.Join(c.AwaitExec(), c.ready(), unix.Setpriority(unix.PRIO_PROCESS, c.PID(), 5)); err != nil {
		t.Fatal(err)
	}
	usual = c.scheduled(t)
	able, err := c.Hurry()
	if err != nil {
		t.Fatal(err)
	}
	if !able {
		t.Skip(NoHurry)
	}
	if now := c.scheduled(t); now != usual || now.Nice != 5 {
		t.Errorf("after the attempt init is scheduled by %+v, before by %+v", now, usual)
	}
	if err := c.Release(); err != nil {
		t.Fatal(err)
	}
	return c, usual
}

// Init comes first when a signal is passed on, its children do not, and it is as before when
// the moment is over.
func TestHurry(t *testing.T) {
	c, usual := hurried(t, 2*time.Second)
	done := make(chan bool)
	go func() { c.Supervise(); close(done) }()
	c.arrives(t, unix.SIGUSR1)
	if a := c.becomes(t, unix.SCHED_FIFO); a.Priority != 1 || a.Flags != unix.SCHED_FLAG_RESET_ON_FORK {
		t.Errorf("it comes first by %+v", a)
	}
	if a := c.becomes(t, unix.SCHED_NORMAL); a != usual {
		t.Errorf("after the moment init is scheduled by %+v, before by %+v", a, usual)
	}
	unix.PidfdSendSignal(c.child.PIDFD, unix.SIGKILL, nil, 0)
	<-done
}

// It comes first again when the grace is over, to kill in time, and once.
func TestHurryAtTheEndOfTheGrace(t *testing.T) {
	c, usual := hurried(t, time.Hour)
	c.limit()
	if c.pace(); c.scheduled(t) != usual {
		t.Errorf("in the grace: %+v", c.scheduled(t))
	}
	c.hurry.again = time.Now()
	if c.pace(); c.scheduled(t).Policy != unix.SCHED_FIFO {
		t.Errorf("after the grace: %+v", c.scheduled(t))
	}
	c.hurry.until = time.Now()
	for range 2 {
		if c.pace(); c.scheduled(t) != usual {
			t.Errorf("after the moment: %+v", c.scheduled(t))
		}
	}
}

// Without CAP_SYS_NICE nothing changes but what the receipt says.
func TestHurryWithoutTheCapability(t *testing.T) {
	runtime.LockOSThread() // not unlocked: the thread ends with the test, without the capability
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var caps [2]unix.CapUserData
	if err := unix.Capget(&header, &caps[0]); err != nil {
		t.Fatal(err)
	}
	caps[0].Effective &^= 1 << unix.CAP_SYS_NICE
	if err := unix.Capset(&header, &caps[0]); err != nil {
		t.Fatal(err)
	}
	c := begun(t, "catch ready release started hang")
	if err := errors.Join(c.AwaitExec(), c.ready()); err != nil {
		t.Fatal(err)
	}
	usual := c.scheduled(t)
	if able, err := c.Hurry(); able || err != nil {
		t.Errorf("it can hurry: %t, %v", able, err)
	}
	if c.hasten(); c.scheduled(t) != usual || c.hurry.until != forever {
		t.Errorf("it hurries: %+v", c.scheduled(t))
	}
}

// A real-time init, which its manager has made so, stays as it is.
func TestHurryLeavesRealTimeAlone(t *testing.T) {
	c := begun(t, "catch ready release started hang")
	if err := errors.Join(c.AwaitExec(), c.ready()); err != nil {
		t.Fatal(err)
	}
	if err := unix.SchedSetAttr(c.PID(), &unix.SchedAttr{Policy: unix.SCHED_RR, Priority: 3}, 0); err != nil {
		t.Skip(NoHurry)
	}
	if able, err := c.Hurry(); !able || err != nil {
		t.Errorf("%t, %v", able, err)
	}
	if c.hasten(); c.scheduled(t).Policy != unix.SCHED_RR || c.scheduled(t).Priority != 3 {
		t.Errorf("it is scheduled by %+v", c.scheduled(t))
	}
}
