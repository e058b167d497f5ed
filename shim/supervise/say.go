package supervise

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Say writes one line to standard error, past package os: that ends the program when
// standard error is a pipe which nobody reads any more (os/signal, "SIGPIPE"), and then
// nothing of a launch is undone and the exit status is lost. A pipe that is full holds
// the shim for a second at most.
func Say(format string, args ...any) {
	line := fmt.Appendf(nil, "casemate-shim: "+format+"\n", args...)
	if n, err := unix.Poll([]unix.PollFd{{Fd: 2, Events: unix.POLLOUT}}, 1000); n == 1 && err == nil {
		unix.Write(2, line) // there is nobody else to tell
	}
}

// name is what people call a signal; real-time ones have a number only.
func name(n unix.Signal) string {
	if s := unix.SignalName(n); s != "" {
		return s
	}
	return fmt.Sprintf("signal %d", int(n))
}
