package syntax

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The first real-time signal of C libraries, whose threads keep two for themselves (signal(7)).
const rtMin, last = 34, 64

// SignalName is a signal as a policy writes it, "TERM" or "RTMIN+3"; what is dropped becomes 0.
func SignalName(n uint8) string {
	switch name := unix.SignalName(unix.Signal(n)); {
	case n == 0:
		return "drop"
	case n == rtMin:
		return "RTMIN"
	case n > rtMin && n <= last:
		return "RTMIN+" + strconv.Itoa(int(n)-rtMin)
	case name != "":
		return strings.TrimPrefix(name, "SIG")
	}
	return strconv.Itoa(int(n))
}
