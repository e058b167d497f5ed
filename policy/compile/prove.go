package compile

import (
	"errors"
	"fmt"

	"casemate/internal/exit"
	"casemate/policy/filter"
	"casemate/policy/prove"
	"casemate/policy/replay"
	"casemate/policy/seccomp"
)

// Proved is what is known of a filter that was compiled.
type Proved struct {
	Arch filter.Arch
	By   string // its compiler
	prove.Proof
}

// proved gives the programs that mean the rules. No option leaves this out: what is
// sealed is one of them. A program of our own compiler that fails ends the compilation,
// and nothing of it is used. One of the library's is put aside and said: releases of it
// get ordinary rules wrong, and a policy must not have to go round that, while our
// program for the same rules is proved.
func (c *compiler) proved(arch filter.Arch, programs []seccomp.Program) (good []seccomp.Program) {
	declared, err := prove.Declare(arch, c.rules)
	if err != nil {
		c.unprovable(arch, err)
		return nil
	}
	for _, p := range programs {
		proof, err := declared.Check(p.Bytes)
		switch {
		case errors.Is(err, prove.ErrComplex):
			c.unprovable(arch, err)
			return nil
		case err != nil && p.By != seccomp.Own:
			c.warnings = append(c.warnings, fmt.Sprintf("%s: BUG of %s: %v; its program is not used", c.name, p.By, witnessed(p.Bytes, err)))
			continue
		case err != nil:
			c.broken = exit.Wrap(exit.ToolProof, fmt.Errorf("%s: BUG of %s: %w; nothing is written", c.name, p.By, witnessed(p.Bytes, err)))
			return nil
		}
		c.proofs = append(c.proofs, Proved{arch, p.By, *proof})
		good = append(good, p)
	}
	return good
}

func (c *compiler) unprovable(arch filter.Arch, err error) {
	c.fail(c.file.KeyPos("seccomp"), string(arch), "write fewer comparisons of one argument beside those of another", "the filter cannot be proved: %v", err)
}

// witnessed adds to a mismatch what another BPF machine says of its call.
func witnessed(program []byte, err error) error {
	var m *prove.Mismatch
	if !errors.As(err, &m) {
		return err
	}
	machine, fault := replay.New(program)
	if fault != nil {
		return fmt.Errorf("%w; it cannot be replayed: %w", err, fault)
	}
	got, fault := machine.Run(m.Call)
	switch {
	case fault != nil:
		return fmt.Errorf("%w; it cannot be replayed: %w", err, fault)
	case got != m.Compiled:
		return fmt.Errorf("%w; BUG: prover and VM differ: replayed, it is %s", err, got)
	}
	return fmt.Errorf("%w; replayed in another BPF machine: %s too", err, got)
}
