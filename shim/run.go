package main

import (
	"errors"
	"fmt"
	"os"

	"casemate/internal/exit"
	"casemate/internal/facts"
	"casemate/internal/launch"
	"casemate/internal/sealed"
	"casemate/shim/supervise"
)

// options of casemate-shim run.
type options struct {
	policy  string        // path of the sealed policy
	fd      int           // or a descriptor that holds it; -1 for none
	keys    string        // trusted-keys file; "" for the default
	init    string        // path of casemate-init
	state   string        // directory of running services
	inPlace bool          // execute init's file itself
	extra   []string      // appended to the policy's argv
	passed  facts.Manager // by the service manager
	ready   int           // descriptor that is told when the service is ready; -1 for none
}

// run is one service from policy to exit status.
func run(o options) (int, error) {
	l, signals, err := lowered(o)
	if err != nil {
		return 0, err
	}
	return l.whole(signals)
}

// lowered reads the policy, asks the host and makes the plan. No signal is lost from its
// beginning on. Nothing is made yet.
func lowered(o options) (*launched, *supervise.Signals, error) {
	if os.Geteuid() != 0 {
		return nil, nil, exit.Wrap(exit.Lacking, errors.New("casemate-shim must be started as root"))
	}
	// First of all: what the Go runtime does about a signal takes it several steps, and if the
	// handlers change in their midst it exits with 2, whatever has been made by then.
	signals, err := supervise.Catch()
	if err != nil {
		return nil, nil, exit.Wrap(exit.Step, err)
	}
	file, err := readPolicy(o)
	if err != nil {
		return nil, nil, err
	}
	p := file.Policy
	p.Exec.Argv = append(p.Exec.Argv, o.extra...)
	if p.Exec.TTY {
		if err := checkTerminal(); err != nil {
			return nil, nil, err
		}
	}
	f, view, err := probePrivately(defaultPaths(p))
	if err != nil {
		return nil, nil, err
	}
	f.Manager = o.passed
	if err := completeSELinux(p, f); err != nil {
		return nil, nil, err
	}
	plan, err := launch.Lower(p, f)
	if err != nil {
		return nil, nil, err
	}
	return &launched{options: o, file: file, facts: f, view: view, plan: plan, fds: map[string]int{}, notify: -1}, signals, nil
}

// whole is a launch to its end, with nothing left of it.
func (l *launched) whole(signals *supervise.Signals) (int, error) {
	code, err := guarded(func() (int, error) { return l.run(signals) })
	l.end(code, err)
	if cleanup := l.cleanup(); cleanup != nil {
		supervise.Say("cleaning up: %s", cleanup)
	}
	var aborted supervise.Aborted
	if errors.As(err, &aborted) {
		return exit.Signalled + int(aborted), nil
	}
	return code, exit.Wrap(exit.Step, err)
}

// guarded turns a panic, which is a bug of ours, into an error with the code for that:
// what the launch has made is removed all the same.
func guarded(f func() (int, error)) (code int, err error) {
	defer func() {
		if r := recover(); r != nil {
			code, err = 0, exit.Wrap(exit.Bug, fmt.Errorf("%v", r))
		}
	}()
	return f()
}

// defaultPaths are the paths of which the facts must say whether they exist.
func defaultPaths(p *sealed.Policy) []string {
	paths := make([]string, 0, len(p.Masks)+len(p.ReadOnly))
	for _, list := range [][]sealed.Path{p.Masks, p.ReadOnly} {
		for _, m := range list {
			if m.Default {
				paths = append(paths, m.Path)
			}
		}
	}
	return paths
}
