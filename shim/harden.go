package main

import (
	"math"
	"os"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// harden keeps what the shim holds, credentials among it, from a core dump or a tracer of
// the same user (PR_SET_DUMPABLE, prctl(2)), and undoes what the environment can have told
// the Go runtime before main: a heap limit that would have it collect all the time. What
// cannot be undone, GODEBUG and GOTRACEBACK, can make the runtime slower or more talkative;
// the manager that sets the environment is root (SECURITY.md).
func harden() {
	unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	if os.Getenv("GOGC") != "" {
		debug.SetGCPercent(100)
	}
	if os.Getenv("GOMEMLIMIT") != "" {
		debug.SetMemoryLimit(math.MaxInt64)
	}
}
