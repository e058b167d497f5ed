// Package main is casemate-init, PID 1 of a container. It guards three things: what
// ends is reaped, what is signalled is passed on, and the main child's exit status
// comes out.
//
// Under the shim it takes its orders from a sealed memfd and waits at the gate until
// the launch is verified; alone, `casemate-init -- CMD`, the command line is its
// orders. It must not link os, fmt, reflect or golang.org/x/sys/unix, which cost
// start-up time and memory, nor os/signal and os/exec, which would be second owners of
// signals and waits. It imports child, exit, gate, nofile, orders, sys and syscall.
package main

import (
	"runtime"

	"casemate/internal/child"
	"casemate/internal/exit"
	"casemate/internal/sys"
)

// version is set by the linker.
var version = "unreleased"

// The main goroutine stays on the main thread, where the signals are taken.
func init() { runtime.LockOSThread() }

func main() {
	job, err := prepare(sys.Args())
	if err != nil {
		say(err.Error())
		sys.Exit(exit.CodeOf(err))
	}
	if job == nil {
		sys.Exit(0)
	}
	if job.pause {
		sys.Exit(job.hold())
	}
	program := new(child.Program)
	steps := job.render(program)
	code := job.gate.enter()
	if code == 0 {
		code = job.run(program, steps)
	}
	sys.Exit(code)
}
