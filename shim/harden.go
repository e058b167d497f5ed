package main

import (
	"fmt"
	"math"
	"os"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// harden keeps what the shim holds, credentials among it, from a core dump or a tracer
// (PR_SET_DUMPABLE, prctl(2)), and undoes what the environment can have told the Go
// runtime before main: when to collect garbage, and the settings of its libraries. What
// cannot be undone, the runtime's own part of GODEBUG, and GOTRACEBACK, makes it slower or
// more talkative; the manager that sets the environment is root (SECURITY.md).
func harden() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("PR_SET_DUMPABLE: %w", err)
	}
	if os.Getenv("GOGC") != "" {
		debug.SetGCPercent(100)
	}
	if os.Getenv("GOMEMLIMIT") != "" {
		debug.SetMemoryLimit(math.MaxInt64)
	}
	if os.Getenv("GODEBUG") != "" {
		return os.Unsetenv("GODEBUG") // the libraries hear of it
	}
	return nil
}
