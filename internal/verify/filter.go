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

// stop has init stop where it is, in its wait for the release, and gives what lets it go
// on: it will be stopped by the time that its filter is asked for, and nothing changes
// meanwhile. Where its filter cannot be asked for it is let be.
func (r *reader) stop(t Target) (goOn func()) {
	if r.hidden(t) != "" {
		return func() {}
	}
	if err := unix.PtraceSeize(t.PID); err != nil {
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
			err = fmt.Errorf("%w; an AppArmor profile or SELinux domain of the shim's has to let it trace init, and nobody else may", err)
		}
		r.fail("seccomp program", fmt.Errorf("PTRACE_SEIZE: %w", err))
		return func() {}
	}
	if err := unix.PtraceInterrupt(t.PID); err != nil {
		r.fail("seccomp program", fmt.Errorf("PTRACE_INTERRUPT: %w", err))
	}
	return func() { // only who has stopped can be let go
		if err := errors.Join(stopped(t.PID), unix.PtraceDetach(t.PID)); err != nil {
			r.fail("seccomp program", fmt.Errorf("PTRACE_DETACH: %w", err))
		}
	}
}

// filter compares the program of the filter itself, byte for byte, with the policy's of this
// architecture. The kernel shows it to a tracer (ptrace(2), PTRACE_SECCOMP_GET_FILTER).
func (r *reader) filter(t Target) {
	if r.hidden(t) != "" || r.err != nil {
		return // to go on waits for the stop
	}
	want, err := seccomp.Pick(t.Policy, runtime.GOARCH)
	if err == nil {
		err = stopped(t.PID)
	}
	if err != nil {
		r.fail("seccomp program", err)
		return
	}
	got, err := program(t.PID, len(want.Program))
	r.fail("seccomp program", err)
	r.add("seccomp program", "", digest(want.Program), got)
}

func digest(program []byte) string {
	return fmt.Sprintf("%d instructions, sha256 %x", len(program)/8, sha256.Sum256(program))
}

// program gives the digest of the first filter of a stopped tracee, of which size bytes are expected.
func program(pid, size int) (string, error) {
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
// its supervisor to reap. It asks again and again, which is seldom more than once: a timer of
// the Go runtime's wants two descriptors, and ends the process where there are none.
func stopped(pid int) error {
	pause := unix.Timespec{Nsec: 20_000}
	for end := time.Now().Add(stopTime); ; {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, pid, &info, unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT|unix.WNOHANG|unix.WALL, nil)
		const trapped = 4 // CLD_TRAPPED, sigaction(2)
		switch {
		case err != nil && !errors.Is(err, unix.EINTR):
			return fmt.Errorf("waitid: %w", err)
		case err == nil && info.Code == trapped:
			return nil
		case err == nil && info.Code != 0:
			return errors.New("init has ended")
		case time.Now().After(end):
			return fmt.Errorf("init does not stop in %s", stopTime)
		}
		unix.Nanosleep(&pause, nil)
	}
}
