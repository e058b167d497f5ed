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

// Mismatch is the error of a program that does not say what the rules do. Its call is
// one that the program allows and the rules do not, where there is one.
type Mismatch struct {
	Arch     filter.Arch
	Call     filter.Call
	Declared filter.Action
	Compiled filter.Action
	At       string // what decides in the policy: "nginx.toml:14", "seccomp.default"
}

func (m *Mismatch) Error() string {
	return fmt.Sprintf("the filter for %s is not what the policy declares: %s: declared %s (%s), compiled %s",
		m.Arch, describe(m.Arch, m.Call), m.Declared, m.At, m.Compiled)
}

// describe writes a call: "mprotect (10) with arguments 0x0 0x1 0x4 0x0 0x0 0x0".
func describe(arch filter.Arch, c filter.Call) string {
	s := fmt.Sprintf("number %#x", c.NR)
	if name, ok := filter.Name(arch, int(c.NR)); ok {
		s = fmt.Sprintf("%s (%d)", name, c.NR)
	}
	if c.Arch != arch.AuditArch() {
		s = fmt.Sprintf("number %#x of architecture %#x", c.NR, c.Arch)
	}
	s += " with arguments"
	for _, a := range c.Args {
		s += fmt.Sprintf(" %#x", a)
	}
	if c.IP != 0 {
		s += fmt.Sprintf(" from address %#x", c.IP)
	}
	return s
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
	var proof *Proof
	var wrong *Mismatch
	err = d.space.within(func() { proof, wrong = d.compare(p) })
	if wrong != nil {
		return nil, wrong
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

// compare gives a proof or what stands against it.
func (d *Declared) compare(p *Program) (*Proof, *Mismatch) {
	compiled, states := p.in(d.space)
	if compiled != d.root {
		return nil, d.mismatch(compiled)
	}
	return &Proof{Instructions: p.Len(), States: states, Nodes: d.space.size(compiled), Steps: d.space.steps}, nil
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

// mismatch finds the smallest call on which two different diagrams differ, allowed by
// the compiled one alone if there is one.
func (d *Declared) mismatch(compiled ref) *Mismatch {
	s, declared := d.space, d.root
	allow := s.leaf(uint64(filter.ActionAllow))
	weaker := s.pairs(declared, compiled, func(d, c ref) bool { return c == allow && d != allow })
	if weaker == no {
		weaker = s.pairs(declared, compiled, func(d, c ref) bool { return d != c })
	}
	at := s.smallest(weaker)
	return &Mismatch{
		Arch: d.arch, Call: at, At: decides(d.arch, d.rules, at),
		Declared: filter.Action(s.value(s.at(declared, at))), Compiled: filter.Action(s.value(s.at(compiled, at))),
	}
}

// pairs is where f and g stand in a relation.
func (s *space) pairs(f, g ref, related func(ref, ref) bool) ref {
	known := map[[2]ref]ref{}
	var of func(f, g ref) ref
	of = func(f, g ref) ref {
		if !f.isInner() && !g.isInner() {
			if related(f, g) {
				return yes
			}
			return no
		}
		if r, ok := known[[2]ref{f, g}]; ok {
			return r
		}
		s.spend()
		level := min(s.level(f), s.level(g))
		f0, f1 := s.split(f, level)
		g0, g1 := s.split(g, level)
		r := s.node(level, of(f0, g0), of(f1, g1))
		known[[2]ref{f, g}] = r
		return r
	}
	return of(f, g)
}

// smallest is the first call of r, which is not no, in the order of the words.
func (s *space) smallest(r ref) filter.Call {
	var d [Words]uint32
	for r.isInner() {
		n := s.nodes[r]
		if r = n.low; r == no {
			r = n.high
			d[order[n.level/32]] |= 1 << (31 - n.level%32)
		}
	}
	return call(d)
}

// at follows a diagram for one call.
func (s *space) at(r ref, c filter.Call) ref {
	d := words(c)
	for r.isInner() {
		n := s.nodes[r]
		if r = n.low; d[order[n.level/32]]>>(31-n.level%32)&1 == 1 {
			r = n.high
		}
	}
	return r
}

// decides says what in the policy decides a call: its line, or the key of a default.
func decides(arch filter.Arch, r filter.Rules, c filter.Call) string {
	name, known := filter.Name(arch, int(c.NR))
	switch {
	case c.Arch != arch.AuditArch(), arch == filter.AMD64 && c.NR >= filter.X32Bit && c.NR != filter.Skipped:
		return "seccomp.bad_arch"
	case !known && c.NR == filter.Skipped && arch == filter.AMD64:
		return "a call that a tracer skips"
	case !known:
		return "seccomp.unknown"
	}
	if at, ok := r.Kill[name]; ok {
		return at
	}
	if rule, ok := r.Allow[name]; ok {
		return rule.At
	}
	if name == filter.Clone3 {
		return "clone3 is never allowed"
	}
	return "seccomp.default"
}
