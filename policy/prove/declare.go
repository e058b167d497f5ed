package prove

import (
	"fmt"

	"casemate/policy/filter"
)

// whole is what the rules mean for every call there is, from what the policy says:
// it knows nothing of how rules are lowered.
func (d *Declared) whole() (ref, error) {
	r := d.verdict(d.rules.Unknown)
	for _, nr := range filter.Numbers(d.arch) {
		name, _ := filter.Name(d.arch, nr)
		of, err := d.of(name)
		if err != nil {
			return no, err
		}
		r = d.space.ite(d.is(NR, uint32(nr)), of, r)
	}
	if d.arch == filter.AMD64 {
		r = d.foreign(r)
	}
	return d.space.ite(d.is(Arch, d.arch.AuditArch()), r, d.verdict(d.rules.BadArch)), nil
}

// foreign lays the x32 ABI over r: every number with its bit set, and above. The one
// exception is the number of a call that a tracer has told the kernel to skip.
func (d *Declared) foreign(r ref) ref {
	s := d.space
	r = s.ite(s.less(d.word(NR), filter.X32Bit), r, d.verdict(d.rules.BadArch))
	return s.ite(d.is(NR, filter.Skipped), d.verdict(filter.ActionENOSYS), r)
}

// of is what the rules mean for a system call that the table knows.
func (d *Declared) of(name string) (ref, error) {
	if _, kill := d.rules.Kill[name]; kill {
		return d.verdict(filter.ActionKillProcess), nil
	}
	rule, allowed := d.rules.Allow[name]
	switch {
	case !allowed && name == filter.Clone3:
		return d.verdict(filter.ActionENOSYS), nil
	case !allowed:
		return d.verdict(d.rules.Default), nil
	case rule.When == nil:
		return d.verdict(filter.ActionAllow), nil
	}
	d.about = fmt.Sprintf("the condition of %s (%s)", name, rule.At)
	if rule.When.Syscall != name {
		return no, fmt.Errorf("it was parsed for %s", rule.When.Syscall)
	}
	tree, err := rule.When.Tree(d.arch)
	if err != nil {
		return no, err
	}
	return d.space.ite(d.where(tree), d.verdict(filter.ActionAllow), d.verdict(d.rules.Default)), nil
}

// where is the calls for which a condition holds.
func (d *Declared) where(n filter.Node) ref {
	switch n := n.(type) {
	case *filter.All:
		r := yes
		for _, of := range n.Of {
			r = d.space.and(r, d.where(of))
		}
		return r
	case *filter.Any:
		r := no
		for _, of := range n.Of {
			r = d.space.or(r, d.where(of))
		}
		return r
	case *filter.Not:
		return d.space.not(d.where(n.Of))
	case *filter.Compare:
		return d.compared(n)
	}
	panic("BUG: condition of an unknown kind")
}

// compared is the calls for which a comparison holds, of all 64 bits of the argument.
func (d *Declared) compared(n *filter.Compare) ref {
	s := d.space
	argument := bits{top[ArgHigh(n.Arg.Index)], 64, n.Mask}
	switch v := n.Values[0]; n.Op {
	case filter.Equal:
		return s.equal(argument, v)
	case filter.NotEqual:
		return s.not(s.equal(argument, v))
	case filter.Less:
		return s.less(argument, v)
	case filter.LessEqual:
		return s.most(argument, v)
	case filter.Greater:
		return s.not(s.most(argument, v))
	case filter.GreaterEqual:
		return s.not(s.less(argument, v))
	}
	r := no
	for _, v := range n.Values {
		r = s.or(r, s.equal(argument, v))
	}
	if n.Op == filter.NotIn {
		return s.not(r)
	}
	return r
}

func (d *Declared) verdict(a filter.Action) ref { return d.space.leaf(uint64(a)) }

func (d *Declared) word(w Word) bits { return bits{top[w], 32, 1<<32 - 1} }

func (d *Declared) is(w Word, v uint32) ref { return d.space.equal(d.word(w), uint64(v)) }
