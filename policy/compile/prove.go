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

// proved demands of every program that it means the rules, of those too that will not
// be sealed: a compiler that errs once is not to be trusted with the rest. No option
// leaves this out. A program that fails is no fault of the policy's; nothing of the
// compilation is used.
func (c *compiler) proved(arch filter.Arch, programs []seccomp.Program) {
	declared, err := prove.Declare(arch, c.rules)
	if err != nil {
		c.unprovable(arch, err)
		return
	}
	for _, p := range programs {
		proof, err := declared.Check(p.Bytes)
		switch {
		case errors.Is(err, prove.ErrComplex):
			c.unprovable(arch, err)
			return
		case err != nil:
			c.broken = exit.Wrap(exit.ToolProof, fmt.Errorf("%s: BUG of %s: %w; nothing is written", c.name, p.By, witnessed(p.Bytes, err)))
			return
		}
		c.proofs = append(c.proofs, Proved{arch, p.By, *proof})
	}
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
