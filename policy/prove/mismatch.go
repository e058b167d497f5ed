package prove

import (
	"fmt"

	"casemate/policy/filter"
)

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

// mismatch finds a call on which the compiled diagram differs from what is declared: the
// smallest that is allowed by the compiled one alone, if that can be had within the
// bounds, else the smallest.
func (d *Declared) mismatch(compiled ref) *Mismatch {
	s, declared := d.space, d.root
	weaker := no
	err := s.within(func() {
		allow := s.leaf(uint64(filter.ActionAllow))
		weaker = s.join(declared, compiled, func(d, c ref) ref {
			if c == allow && d != allow {
				return yes
			}
			return no
		})
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.difference(declared, compiled)
	if err == nil && weaker != no {
		at = s.smallest(weaker)
	}
	return &Mismatch{
		Arch: d.arch, Call: at, At: decides(d.arch, d.rules, at),
		Declared: filter.Action(s.value(s.at(declared, at))), Compiled: filter.Action(s.value(s.at(compiled, at))),
	}
}

// difference is the first call, in the order of the words, on which two diagrams
// differ. They do where they are not the same ref, at every level on the way.
func (s *space) difference(f, g ref) filter.Call {
	var d [Words]uint32
	for f.isInner() || g.isInner() {
		level := min(s.level(f), s.level(g))
		f0, f1 := s.split(f, level)
		g0, g1 := s.split(g, level)
		if f, g = f0, g0; f == g {
			f, g = f1, g1
			d[order[level/32]] |= 1 << (31 - level%32)
		}
	}
	return call(d)
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
