package supervise

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"casemate/internal/sys"

	"golang.org/x/sys/unix"
)

// sayLimit is how long a line waits for a standard error that nobody reads.
const sayLimit = time.Second

// unsaid is the last line that could not be written at once.
var unsaid *sys.Task

// Say writes one line to standard error, past package os: that ends the program when
// standard error is a pipe which nobody reads any more (os/signal, "SIGPIPE"), and then
// nothing of a launch is undone and the exit status is lost. A standard error that does not
// take it, a pipe that is full, a terminal that is stopped, holds the shim for a second,
// and what is to be said after that is dropped until it does. To ask by poll(2) beforehand
// is not enough: the workload, which has it too, can fill it or stop it in between. What
// cannot be written at once another thread writes; where there is none to be had it is lost.
//
// Only one thread may say anything at a time.
func Say(format string, args ...any) {
	if !unsaid.Done() {
		return
	}
	// What has several, the differences of a verification, has the name on each.
	text := strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "\ncasemate-shim: ")
	line := []byte("casemate-shim: " + text + "\n")
	if line = line[atOnce(line):]; len(line) == 0 {
		return
	}
	task, err := sys.Aside(sys.CallWrite(2, line))
	if err != nil {
		return // there is nobody else to tell
	}
	unsaid = task
	for waited, nap := time.Duration(0), 20*time.Microsecond; waited < sayLimit; waited, nap = waited+nap, min(2*nap, sayLimit/100) {
		if task.Done() {
			return
		}
		doze(nap)
	}
}

// atOnce writes as much as can be written without waiting: to a socket, as the journal's is, or,
// since Linux 6.4, to a pipe.
func atOnce(line []byte) int {
	n, err := unix.SendmsgN(2, line, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	if errors.Is(err, unix.ENOTSOCK) && isPipe(2) { // a driver may not look at the flag
		n, err = unix.Pwritev2(2, [][]byte{line}, -1, unix.RWF_NOWAIT)
	}
	if err != nil {
		return 0
	}
	return n
}

// doze sleeps in the kernel. A timer of package time would have the runtime make an epoll
// descriptor first, and end the program where there is none to be had: in the middle of
// saying so.
func doze(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	unix.Nanosleep(&t, nil)
}

// name is what people call a signal; real-time ones have a number only.
func name(n unix.Signal) string {
	if s := unix.SignalName(n); s != "" {
		return s
	}
	return fmt.Sprintf("signal %d", int(n))
}
