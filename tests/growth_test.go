package tests

import (
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A shim that stays takes no memory for the signals that it passes on, each of which it has seen.
// What the runtime and the kernel take for the first of them is there after a few samples.
func TestShimDoesNotGrow(t *testing.T) {
	needRoot(t)
	p := running(t, compiled(t, hardPolicy("grows", "5s", "wait")))
	p.until(t, "ready")
	pid, count := p.cmd.Process.Pid, soak(t, 10000)
	const samples = 10
	var own []float64
	for i := range count {
		p.signal(t, unix.SIGCONT) // which a process that runs does not mind
		for end := time.Now().Add(patience); pending(t, pid)&(1<<(unix.SIGCONT-1)) != 0; {
			if time.Now().After(end) {
				t.Fatalf("signal %d is not taken", i)
			}
		}
		if i%max(count/samples, 1) == 0 {
			own = append(own, anonymous(t, pid))
		}
	}
	half := own[len(own)/2:]
	t.Logf("%d signals: %.0f KiB anonymous; %v", count, half[len(half)-1], own)
	// A step of up to 16 KiB comes once, at a moment of its own. A page for each thousand signals
	// would be 20 KiB in the second half. With few of them it begins too early.
	allowed := 16.0
	if count < 5000 {
		allowed = 32
	}
	if grown := half[len(half)-1] - half[0]; grown > allowed {
		t.Errorf("the shim has grown by %.0f KiB in the second half: %v", grown, own)
	}
	p.signal(t, unix.SIGTERM)
	p.wait(t).expect(t, 128+15)
}

// pending are the signals that wait for a process as a whole.
func pending(t *testing.T, pid int) uint64 {
	t.Helper()
	set, err := strconv.ParseUint(procField(t, pid, "ShdPnd"), 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return set
}
