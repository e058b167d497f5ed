package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"casemate/internal/exit"
	"casemate/internal/facts"
	"casemate/internal/prepare"
	"casemate/internal/verify"
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

// statusEnded is the exit status of casemate-shim status for a service that has ended, as
// systemctl(1) and LSB have it.
const statusEnded = 3

// status prints the receipt of a running service, or of the last one of the name that has
// ended, and how.
func status(w io.Writer, dir, service string) (int, error) {
	service = filepath.Base(service)
	b, running := os.ReadFile(filepath.Join(dir, service, prepare.Receipt))
	last, err := prepare.ReadEnd(dir, service)
	switch {
	case running == nil:
		if err := show(w, b, (*verify.Receipt).Print); err != nil || last == nil {
			return 0, err
		}
		return 0, show(w, last, (*verify.Receipt).PrintEnd)
	case err != nil || last == nil:
		return 0, exit.Wrap(exit.Usage, fmt.Errorf("%s is not running: %w", service, errors.Join(running, err)))
	}
	return statusEnded, show(w, last, (*verify.Receipt).Print)
}

func show(w io.Writer, text []byte, print func(*verify.Receipt, io.Writer)) error {
	r, err := verify.DecodeReceipt(text)
	if err != nil {
		return exit.Wrap(exit.Usage, err)
	}
	print(r, w)
	return nil
}
