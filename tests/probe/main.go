// Command probe is a workload for the integration tests: it prints its own
// confinement, as it sees it from inside, as one JSON document.
//
//	probe [ATTEMPT]...   the report, with the outcome of each attempt; see attempt.go
//	probe exit N         ends with status N
//	probe die SIGNAL     ends by the signal, with its default action; needs die (die.c) beside it
//	probe signals        prints "ready", then a line for each signal it gets, until TERM
//	probe sleep          prints "ready" and sleeps until it is killed
//	probe orphans N      leaves N processes to PID 1, and says how many stay zombies
//
//	probe eat MIB        touches memory; breed N, burn MS, write FILE MIB, processors: see limits.go
//
//	probe contract ...   what the service manager has passed; see contract.go
//
//	report.go  the document     proc.go  /proc       caps.go  capabilities
//	attempt.go what it tries    modes.go orphans.go limits.go  the other modes
//
// It is built static, without cgo, and runs in a root that holds nothing else. It
// knows nothing of policies: what it prints is compared with the policy outside.
// A thing that it cannot find out is an entry of errors, not a failure. It imports
// nothing of ours.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// Exit status of the probe's own making; "exit N" has all the others.
const statusUsage = 2

func main() {
	args := os.Args[1:]
	if len(args) > 0 {
		if mode, ok := modes[args[0]]; ok {
			os.Exit(mode(args[1:]))
		}
	}
	os.Exit(report(args))
}

// report prints the document. An attempt that it does not know ends it before
// anything is tried: a misspelt attempt must not look like a refused one.
func report(attempts []string) int {
	for _, a := range attempts {
		if !known(a) {
			return usage("no such mode or attempt: %s", a)
		}
	}
	r := gather()
	for _, a := range attempts {
		r.Attempts = append(r.Attempts, Attempt{a, outcome(try(a))})
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", " ")
	if err := e.Encode(r); err != nil {
		return usage("%v", err)
	}
	return 0
}

func usage(format string, args ...any) int {
	fmt.Fprintf(os.Stderr, "probe: "+format+"\n", args...)
	return statusUsage
}
