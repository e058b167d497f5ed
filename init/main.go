// Package main is casemate-init, PID 1 of a container. It guards three things: what
// ends is reaped, what is signalled is passed on, and the main child's exit status
// comes out.
//
// Under the shim it takes its orders from a sealed memfd and waits at the gate until
// the shim has verified the launch; alone, `casemate-init -- CMD`, the command line
// is its orders. It must not import os, fmt, encoding, reflect, os/exec or os/signal:
// each costs start-up time, memory or threads (docs/design.md has the figures), and
// os/signal and os/exec would be second owners of signals and waits. It imports
// child, exit, gate, orders, sys and x/sys/unix.
package main

import (
	"runtime"

	"casemate/internal/child"
	"casemate/internal/exit"
	"casemate/internal/sys"
)

// version is set by the linker.
var version = "unreleased"

// The main goroutine stays on the main thread: there the signals arrive, and its end is
// what PR_SET_PDEATHSIG of a child is about (prctl(2)).
func init() { runtime.LockOSThread() }

func main() {
	if err := sys.CatchAll(); err != nil {
		die(exit.Bug, "catch signals: ", err.Error())
	}
	job, code := prepare(sys.Args())
	if job == nil {
		sys.Exit(code)
	}
	program := new(child.Program)
	steps := job.render(program)
	sys.EndOtherThreads()

	// One thread from here on, which allocates nothing.
	if code := job.gate.enter(); code != 0 {
		sys.Exit(code)
	}
	pid, code := job.start(program, steps)
	if code != 0 {
		sys.Exit(code)
	}
	sys.Exit(job.loop(pid))
}
