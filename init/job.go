package main

import (
	"errors"
	"syscall"

	"casemate/internal/exit"
	"casemate/internal/nofile"
	"casemate/internal/orders"
	"casemate/internal/sys"
)

// job is all that init is to do, from its orders or from its command line.
type job struct {
	orders.Orders
	options           // of the command line; empty under the shim
	path       string // what to execute; Argv[0] is only what the workload is told
	gate       gateway
	ignored    uint64 // what the workload starts with: as init was started, or under the shim nothing
	blocked    uint64
	foreground bool // make the workload the terminal's foreground process group
}

// prepare makes init itself ready and finds its job. No job and no error: there was
// only something to print.
func prepare(args []string) (*job, error) {
	if err := settle(); err != nil {
		return nil, err
	}
	if len(args) == 1 && args[0] == "casemate-init" {
		return underShim()
	}
	return commandLine(args)
}

// settle is what init does for itself, under the shim and alone.
func settle() error {
	if err := sys.CatchAll(); err != nil {
		return because(exit.Step, "catch signals", err)
	}
	// Nobody of the same user may look into init's memory or take its descriptors
	// (ptrace(2), "Ptrace access mode checking"), and it leaves no core.
	if err := sys.Prctl(syscall.PR_SET_DUMPABLE, 0); err != nil {
		return because(exit.Step, "PR_SET_DUMPABLE", err)
	}
	// The workload inherits this limit, and the shim verifies it.
	limit := syscall.Rlimit{Cur: nofile.AtStart.Soft, Max: nofile.AtStart.Hard}
	if limit.Max == 0 {
		return nil
	}
	return because(exit.Step, "RLIMIT_NOFILE", syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
}

// because gives an error its exit code and says what failed.
func because(code int, what string, err error) error {
	if err == nil {
		return nil
	}
	return exit.Wrap(code, errors.New(what+": "+err.Error()))
}

// misuse is an error that whoever called init can mend.
func misuse(text string) error { return exit.Wrap(exit.Usage, errors.New(text)) }
