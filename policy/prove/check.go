package prove

import (
	"fmt"

	"casemate/policy/filter"
)

// Proof says that a program and its rules are the same function, and how large it is.
type Proof struct {
	Instructions int // of the program
	States       int // instruction and accumulator, that the evaluation went through
	Nodes        int // of the one diagram that both sides are
	Steps        int // of the work, which does not depend on the machine
}

// Declared is what rules mean on one architecture. It may be used by several goroutines.
type Declared struct {
	space *space
	arch  filter.Arch
	rules filter.Rules
	root  ref
	about string // the condition in hand
}

// Declare gives what the rules mean on arch. Errors are of a condition without a meaning
// there, and ErrComplex.
func Declare(arch filter.Arch, rules filter.Rules) (*Declared, error) {
	if !arch.Valid() {
		return nil, fmt.Errorf("architecture %q: no rules can be declared for it", arch)
	}
	d := &Declared{space: newSpace(), arch: arch, rules: rules}
	var unclear error
	err := d.space.within(func() { d.root, unclear = d.whole() })
	if err == nil {
		err = unclear
	}
	if err != nil {
		return nil, fmt.Errorf("%s for %s: %w", d.about, arch, err)
	}
	return d, nil
}

// Check proves that a program says of every call what is declared: for every
// architecture word, every number in 2^32 and all arguments of 64 bits. A program of
// which this is not true is a *Mismatch. Other errors are of a program that no compiler
// of ours makes, and ErrComplex.
func (d *Declared) Check(program []byte) (*Proof, error) {
	p, err := Parse(program)
	if err != nil {
		return nil, fmt.Errorf("the filter for %s: %w", d.arch, err)
	}
	proof := &Proof{Instructions: p.Len()}
	var compiled ref
	err = d.space.within(func() {
		compiled, proof.States = p.in(d.space)
		proof.Nodes, proof.Steps = d.space.size(compiled), d.space.steps
	})
	if err == nil && compiled != d.root {
		return nil, d.mismatch(compiled)
	}
	if err == nil {
		err = p.ours(d.rules)
	}
	if err != nil {
		return nil, fmt.Errorf("the filter for %s: %w", d.arch, err)
	}
	return proof, nil
}

// Check is Declare and Declared.Check.
func Check(arch filter.Arch, program []byte, rules filter.Rules) (*Proof, error) {
	d, err := Declare(arch, rules)
	if err != nil {
		return nil, err
	}
	return d.Check(program)
}

// ours refuses what no compiler of ours makes, even where no call can tell: another
// verdict than the rules have, and a look at the instruction pointer.
func (p *Program) ours(r filter.Rules) error {
	for i, in := range p.code {
		switch a := filter.Action(in.k); {
		case in.code == opLoad && (Word(in.k/4) == IPLow || Word(in.k/4) == IPHigh):
			return fmt.Errorf("instruction %d: looks at the instruction pointer", i)
		case in.code != opRet:
		case a == filter.ActionAllow, a == filter.ActionENOSYS, a == filter.ActionKillProcess, a == r.Default, a == r.Unknown, a == r.BadArch:
		default:
			return fmt.Errorf("instruction %d: returns %s: not a verdict of these rules", i, a)
		}
	}
	return nil
}

// size counts the inner nodes of a diagram.
func (s *space) size(r ref) int {
	seen := map[ref]bool{}
	var visit func(ref)
	visit = func(r ref) {
		if r.isInner() && !seen[r] {
			seen[r] = true
			visit(s.nodes[r].low)
			visit(s.nodes[r].high)
		}
	}
	visit(r)
	return len(seen)
}
