package supervise

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// sayLimit is how long a line waits for a standard error that nobody reads.
const sayLimit = time.Second

// unsaid is closed when the last line is out.
var unsaid chan struct{}

// Say writes one line to standard error, past package os: that ends the program when
// standard error is a pipe which nobody reads any more (os/signal, "SIGPIPE"), and then
// nothing of a launch is undone and the exit status is lost. A standard error that does not
// take it, a pipe that is full, a terminal that is stopped, holds the shim for a second,
// and what is to be said after that is dropped until it does. To ask by poll(2) beforehand
// is not enough: the workload, which has it too, can fill it or stop it in between.
//
// Only one thread may say anything at a time.
func Say(format string, args ...any) {
	select {
	case <-unsaid:
	default:
		if unsaid != nil {
			return
		}
	}
	// What has several, the differences of a verification, has the name on each.
	text := strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "\ncasemate-shim: ")
	line, done := []byte("casemate-shim: "+text+"\n"), make(chan struct{})
	unsaid = done
	go func() {
		unix.Write(2, line) // there is nobody else to tell
		close(done)
	}()
	for waited, nap := time.Duration(0), 20*time.Microsecond; waited < sayLimit; waited, nap = waited+nap, min(2*nap, sayLimit/100) {
		select {
		case <-done:
			return
		default:
			doze(nap)
		}
	}
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
