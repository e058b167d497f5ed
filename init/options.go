package main

import (
	"casemate/internal/exit"
	"casemate/internal/orders"
	"casemate/internal/sys"
)

const usage = `Usage: casemate-init [--] CMD [ARG...]
       casemate-init --version | --help

Runs CMD as its main child, reaps what ends, passes signals on and exits with the
status of CMD: its own, or 128 and the number of the signal that ended it; 127 when
CMD is not found, 126 when it cannot be executed, 246 on misuse.
Without arguments and as casemate-init it takes its orders from casemate-shim.
`

// job is all that init is to do.
type job struct {
	orders.Orders
	gate  gateway
	alone bool
}

// prepare makes the job of the command line. Without one the code says how to exit.
func prepare(args []string) (*job, int) {
	if len(args) == 1 && args[0] == "casemate-init" {
		return underShim()
	}
	command, code := commandOf(args)
	if command == nil {
		return nil, code
	}
	becomeAlone()
	return &job{Orders: orders.Orders{Argv: command, Env: sys.Environ()}, gate: noGate, alone: true}, 0
}

// commandOf is the command on the command line. The code says how to exit without one.
func commandOf(args []string) ([]string, int) {
	if len(args) < 2 {
		say("no command: run it as casemate-init -- CMD, or let casemate-shim run it; see casemate-init --help")
		return nil, exit.Usage
	}
	first, rest := args[1], args[2:]
	switch {
	case first == "--help" && len(rest) == 0:
		sys.Write(1, []byte(usage))
		return nil, 0
	case first == "--version" && len(rest) == 0:
		sys.Write(1, []byte("casemate-init "+version+"\n"))
		return nil, 0
	case first == "--" && len(rest) == 0:
		say("no command after --; see casemate-init --help")
		return nil, exit.Usage
	case first == "--":
		return rest, 0
	case first == "" || first[0] == '-':
		say("unknown option ", first, "; a command comes after --; see casemate-init --help")
		return nil, exit.Usage
	}
	return args[1:], 0
}
