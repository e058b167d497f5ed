package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"casemate/internal/facts"
	"casemate/internal/inherit/hold"
	"casemate/internal/sys"

	"golang.org/x/sys/unix"
)

// heldEnv makes this program tell what is blocked at its start, and after hold.Release.
const heldEnv = "CASEMATE_HELD"

func tellHeld() int {
	fmt.Println(blocked())
	if err := hold.Release(); err != nil {
		fmt.Println(err)
	}
	fmt.Println(blocked())
	return 0
}

func blocked() string {
	text, err := os.ReadFile("/proc/thread-self/status")
	v, ok := facts.Field(text, "SigBlk")
	if err != nil || !ok {
		return fmt.Sprint("no SigBlk: ", err)
	}
	return v
}

// From the start on all is held back but what the Go runtime opens: faults, CHLD, PROF, 32 to 34,
// and what ends a program, SIGURG with it. Release gives the mask back that execve(2) has left.
func TestHold(t *testing.T) {
	const before = sys.Sigset(1<<(unix.SIGUSR2-1) | 1<<(unix.SIGTERM-1) | 1<<(40-1))
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{heldEnv + "=1"}
	started := make(chan error)
	go func() { // on a thread that ends with its mask
		runtime.LockOSThread()
		if err := sys.RtSigprocmask(before); err != nil {
			started <- err
			return
		}
		out, err := cmd.Output()
		lines := strings.Fields(string(out))
		if len(lines) != 2 || lines[1] != fmt.Sprintf("%016x", uint64(before)) {
			err = fmt.Errorf("%v, of which the second is not %016x: %v", lines, uint64(before), err)
		} else if held := unhex(lines[0]); held&everyday != everyday {
			err = fmt.Errorf("of %#x only %#x is held back", everyday, held)
		}
		started <- err
	}()
	if err := <-started; err != nil {
		t.Error(err)
	}
}

// everyday are signals that people send to services, and that end no Go program.
const everyday = uint64(1<<(unix.SIGUSR1-1) | 1<<(unix.SIGUSR2-1) | 1<<(unix.SIGALRM-1) | 1<<(unix.SIGWINCH-1) | 1<<(40-1) | 1<<63)

func unhex(s string) (n uint64) {
	fmt.Sscanf(s, "%x", &n)
	return n
}
