package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"casemate/internal/exit"
	"casemate/internal/facts"
	"casemate/internal/prepare"
	"casemate/internal/sealed"
)

// recoverCommand removes what killed shims have left, and says what that was. Nothing is
// not an error: a service manager calls it after every end.
func recoverCommand(w io.Writer, args []string) error {
	fs := newFlags("recover")
	state := fs.state()
	if err := fs.parse(args); err != nil {
		return err
	}
	for _, name := range fs.Args() {
		if !sealed.ValidService(name) {
			return exit.Wrap(exit.Usage, fmt.Errorf("recover: %.80q is no name of a service", name))
		}
	}
	if os.Geteuid() != 0 {
		return exit.Wrap(exit.Lacking, errors.New("recover: casemate-shim must be started as root"))
	}
	f, err := facts.Probe(facts.HostView(), nil)
	if err != nil {
		return exit.Wrap(exit.Lacking, fmt.Errorf("probe the host: %w", err))
	}
	all, err := prepare.Recover(*state, f.Cgroup, fs.Args(), sealed.ValidService, lost)
	for _, r := range all {
		switch {
		case r.Running:
			fmt.Fprintf(w, "%s: running, left alone\n", r.Service)
		case r.Cgroup != "":
			fmt.Fprintf(w, "%s: removed its state and the cgroup %s\n", r.Service, r.Cgroup)
		default:
			fmt.Fprintf(w, "%s: removed its state\n", r.Service)
		}
	}
	return exit.Wrap(exit.Step, err)
}
