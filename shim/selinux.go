package main

import (
	"fmt"

	"casemate/internal/exit"
	"casemate/internal/facts"
	"casemate/internal/prepare"
	"casemate/internal/sealed"
	"casemate/selinux"
)

// completeSELinux gives the policy's context the level that it is to have, and has the
// kernel say what it makes of it, for the lowering to judge. The pair of categories is
// this shim's until it ends, when nothing of the container is left; the directory is the
// machine's, whatever the state directory is: a level that is unique in part is not.
func completeSELinux(p *sealed.Policy, f *facts.Facts) error {
	label := &p.LSM.SELinux
	if label.Text == "" || !f.SELinux.Enabled {
		return nil
	}
	if p.LSM.Contexts.Auto {
		n, _, err := prepare.Level(stateDir, selinux.Pairs)
		if err != nil {
			// The directory is refused as it is without a level.
			return exit.Wrap(exit.Step, fmt.Errorf("SELinux level: %w%s", err, place(label.At)))
		}
		label.Text += ":" + selinux.Pair(n)
	}
	if err := f.SELinux.Ask(label.Text); err != nil {
		return exit.Wrap(exit.Lacking, fmt.Errorf("SELinux cannot be asked for the context: %w%s", err, place(label.At)))
	}
	return nil
}
