package main

import (
	"fmt"

	"casemate/internal/exit"
	"casemate/internal/facts"
	"casemate/internal/sealed"
)

// askSELinux has the kernel say what it makes of the policy's context, for the lowering
// to judge.
func askSELinux(p *sealed.Policy, f *facts.Facts) error {
	label := &p.LSM.SELinux
	if label.Text == "" || !f.SELinux.Enabled {
		return nil
	}
	if err := f.SELinux.Ask(label.Text); err != nil {
		return exit.Wrap(exit.Lacking, fmt.Errorf("SELinux cannot be asked for the context: %w%s", err, place(label.At)))
	}
	return nil
}
