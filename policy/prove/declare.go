package prove

import (
	"fmt"

	"casemate/policy/filter"
)

// declared is what the rules mean for every call there is, from what the policy says:
// it knows nothing of how rules are lowered.
func (c *checker) declared() (ref, error) {
	r := c.verdict(c.rules.Unknown)
	for _, nr := range filter.Numbers(c.arch) {
		name, _ := filter.Name(c.arch, nr)
		of, err := c.of(name)
		if err != nil {
			return no, err
		}
		r = c.space.ite(c.is(NR, uint32(nr)), of, r)
	}
	if c.arch == filter.AMD64 {
		r = c.foreign(r)
	}
	return c.space.ite(c.is(Arch, c.arch.AuditArch()), r, c.verdict(c.rules.BadArch)), nil
}

// foreign lays the x32 ABI over r: every number with its bit set, and above. The one
// exception is the number of a call that a tracer has told the kernel to skip.
func (c *checker) foreign(r ref) ref {
	s := c.space
	r = s.ite(s.compare(c.word(NR), filter.X32Bit).less, r, c.verdict(c.rules.BadArch))
	return s.ite(c.is(NR, filter.Skipped), c.verdict(filter.ActionENOSYS), r)
}

// of is what the rules mean for a system call that the table knows.
func (c *checker) of(name string) (ref, error) {
	if _, kill := c.rules.Kill[name]; kill {
		return c.verdict(filter.ActionKillProcess), nil
	}
	rule, allowed := c.rules.Allow[name]
	switch {
	case !allowed && name == filter.Clone3:
		return c.verdict(filter.ActionENOSYS), nil
	case !allowed:
		return c.verdict(c.rules.Default), nil
	case rule.When == nil:
		return c.verdict(filter.ActionAllow), nil
	}
	c.about = fmt.Sprintf("the condition of %s (%s)", name, rule.At)
	tree, err := rule.When.Tree(c.arch)
	if err != nil {
		return no, err
	}
	return c.space.ite(c.where(tree), c.verdict(filter.ActionAllow), c.verdict(c.rules.Default)), nil
}

// where is the calls for which a condition holds.
func (c *checker) where(n filter.Node) ref {
	switch n := n.(type) {
	case *filter.All:
		r := yes
		for _, of := range n.Of {
			r = c.space.and(r, c.where(of))
		}
		return r
	case *filter.Any:
		r := no
		for _, of := range n.Of {
			r = c.space.or(r, c.where(of))
		}
		return r
	case *filter.Not:
		return c.space.not(c.where(n.Of))
	case *filter.Compare:
		return c.compared(n)
	}
	panic("BUG: condition of an unknown kind")
}

// compared is the calls for which a comparison holds, of all 64 bits of the argument.
func (c *checker) compared(n *filter.Compare) ref {
	s := c.space
	argument := bits{top[ArgHigh(n.Arg.Index)], 64, n.Mask}
	switch at := s.compare(argument, n.Values[0]); n.Op {
	case filter.Equal:
		return at.equal
	case filter.NotEqual:
		return s.not(at.equal)
	case filter.Less:
		return at.less
	case filter.LessEqual:
		return s.or(at.less, at.equal)
	case filter.Greater:
		return s.not(s.or(at.less, at.equal))
	case filter.GreaterEqual:
		return s.not(at.less)
	}
	r := no
	for _, v := range n.Values {
		r = s.or(r, s.compare(argument, v).equal)
	}
	if n.Op == filter.NotIn {
		return s.not(r)
	}
	return r
}

func (c *checker) verdict(a filter.Action) ref { return c.space.leaf(uint64(a)) }

func (c *checker) word(w Word) bits { return bits{top[w], 32, 1<<32 - 1} }

func (c *checker) is(w Word, v uint32) ref { return c.space.compare(c.word(w), uint64(v)).equal }
