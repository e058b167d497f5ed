package tests

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A signal at any microsecond from the exec of the shim on is heeded, by the shim, by init or by
// the workload; or it ends the shim before anything is made: any signal in the first few
// microseconds, and one that by the Go runtime's rules ends a program until the shim has handlers
// of its own, which may also be an exit with 2. None is lost.
func TestR13SignalsFromTheExecOn(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, hardPolicy("early", "1s", "wait"))
	ends := []unix.Signal{unix.SIGTERM, unix.SIGHUP, unix.SIGINT, unix.SIGQUIT}
	all := append(ends, unix.SIGTERM, unix.SIGTERM, unix.SIGUSR1, unix.SIGALRM, 40)
	var itself, heeded int
	for i := range soak(t, 200) {
		n, delay := all[i%len(all)], time.Duration(rand.Int64N(int64(20*time.Millisecond)))
		if i%2 == 0 {
			delay /= 20 // the first millisecond is where it matters
		}
		p := running(t, sealed)
		for start := time.Now(); time.Since(start) < delay; { // a sleep takes what it likes
		}
		p.signal(t, n)
		r := p.wait(t)
		switch status := p.cmd.ProcessState.Sys().(syscall.WaitStatus); {
		case status.Signaled() && status.Signal() == n, r.code == 2 && slices.Contains(ends, n):
			itself++
		case r.code == 128+int(n):
			heeded++
		default:
			t.Errorf("%s after %s: %s", unix.SignalName(n), delay, r)
		}
		if _, err := os.Stat("/run/casemate/early"); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("%s after %s has left its state: %v", unix.SignalName(n), delay, err)
		}
	}
	if heeded == 0 && !slow(t) { // half of them come when the shim has handlers of its own
		t.Error("none was heeded")
	}
	t.Logf("%d signals were heeded, %d have ended the shim before it was one", heeded, itself)
}
