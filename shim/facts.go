package main

import (
	"encoding/json"
	"fmt"
	"io"

	"casemate/internal/exit"
	"casemate/internal/facts"
)

// probe prints the facts: with every path of this kernel's /proc and /sys that a
// default mask could name, and with the defaults of a policy when one is given.
func probe(w io.Writer, policy []string, passed facts.Manager) error {
	paths, err := facts.Candidates()
	if err != nil {
		return exit.Wrap(exit.Lacking, err)
	}
	if len(policy) == 1 {
		file, err := readPolicy(options{policy: policy[0], fd: -1})
		if err != nil {
			return err
		}
		paths = append(paths, defaultPaths(file.Policy)...)
	}
	f, view, err := probePrivately(paths)
	if err != nil {
		return err
	}
	view.Close()
	f.Manager = passed
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(f)
}

// probePrivately asks with file systems of our own, which the caller closes; see
// facts.PrivateView.
func probePrivately(paths []string) (*facts.Facts, facts.View, error) {
	view, err := facts.PrivateView()
	if err != nil {
		return nil, view, exit.Wrap(exit.Lacking, fmt.Errorf("probe the host: %w", err))
	}
	f, err := facts.Probe(view, paths)
	if err != nil {
		view.Close()
		return nil, view, exit.Wrap(exit.Lacking, fmt.Errorf("probe the host: %w", err))
	}
	return f, view, nil
}
