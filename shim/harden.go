package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"casemate/internal/inherit/hold"

	"golang.org/x/sys/unix"
)

// harden keeps what the shim holds, credentials among it, from a core dump or a tracer
// (PR_SET_DUMPABLE, prctl(2)). What the environment can tell the Go runtime, when to collect
// garbage and how to debug, internal/inherit/hold has overruled; where it could not, that is
// made up for as far as it can be: the runtime's own part of GODEBUG, and GOTRACEBACK, make it
// slower or more talkative.
func harden() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("PR_SET_DUMPABLE: %w", err)
	}
	if hold.Set() {
		return nil
	}
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(hold.Limit)
	return os.Unsetenv("GODEBUG") // the libraries hear of it
}
