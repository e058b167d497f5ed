package verify

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"time"

	"casemate/internal/seccomp"
	"casemate/internal/sys"

	"golang.org/x/sys/unix"
)

// filter compares the program of the filter itself, byte for byte, with the policy's of this
// architecture. The kernel shows it to a tracer (ptrace(2), PTRACE_SECCOMP_GET_FILTER); so
// init, which waits for its release, is stopped for some 20 us, and goes on waiting.
func (r *reader) filter(t Target) {
	want, err := seccomp.Pick(t.Policy, runtime.GOARCH)
	r.fail("seccomp program", err)
	if r.hidden(t) != "" || err != nil {
		return
	}
	got, err := program(t.PID, len(want.Program))
	r.fail("seccomp program", err)
	r.add("seccomp program", "", digest(want.Program), got)
}

func digest(program []byte) string {
	return fmt.Sprintf("%d instructions, sha256 %x", len(program)/8, sha256.Sum256(program))
}

// program stops the process, which must be a child of the caller's thread, and gives the
// digest of its first filter, of which size bytes are expected.
func program(pid, size int) (digestOf string, err error) {
	if err := unix.PtraceSeize(pid); err != nil {
		return "", fmt.Errorf("PTRACE_SEIZE: %w", err)
	}
	// The tracee goes on. One that is dead is no tracee any more (ESRCH).
	defer func() {
		if e := unix.PtraceDetach(pid); e != nil && err == nil {
			err = fmt.Errorf("PTRACE_DETACH: %w", e)
		}
	}()
	if err := unix.PtraceInterrupt(pid); err != nil {
		return "", fmt.Errorf("PTRACE_INTERRUPT: %w", err)
	}
	if err := stopped(pid); err != nil {
		return "", err
	}
	b := make([]byte, size)
	n, err := sys.SeccompFilter(pid, 0, b)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.EINVAL): // a kernel that keeps none is known before
		return "none", nil
	case errors.Is(err, unix.E2BIG):
		return fmt.Sprintf("%d instructions", n), nil
	case err != nil:
		return "", fmt.Errorf("PTRACE_SECCOMP_GET_FILTER: %w", err)
	}
	return digest(b[:8*n]), nil
}

// stopTime bounds the wait for init's stop: one that sleeps in the kernel does not.
var stopTime = 5 * time.Second

// stopped waits for the stop, and leaves the wait status where it is: an end of init is for
// its supervisor to reap. An init that does not stop is killed, which ends this wait.
func stopped(pid int) error {
	late := time.AfterFunc(stopTime, func() { unix.Kill(pid, unix.SIGKILL) })
	defer late.Stop()
	var info unix.Siginfo
	for {
		err := unix.Waitid(unix.P_PID, pid, &info, unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT|unix.WALL, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("waitid: %w", err)
		}
		const trapped = 4 // CLD_TRAPPED, sigaction(2)
		if info.Code != trapped {
			return errors.New("init has ended, or did not stop")
		}
		return nil
	}
}
