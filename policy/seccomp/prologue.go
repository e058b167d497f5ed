package seccomp

import "casemate/policy/filter"

// prologue gives what runs before the body that libseccomp compiled, and falls
// through to it. No conditional jump in it reaches further than two instructions;
// everything farther is reached by an unconditional one, whose offset has 32 bits,
// so that no table can outgrow it.
func prologue(arch filter.Arch, r filter.Rules, decided []verdict) []instruction {
	p := assembler{
		load(offsetArch),
		jump(opJEQ, arch.AuditArch(), 1, 0),
		ret(r.BadArch),
		load(offsetNR),
	}
	if arch == filter.AMD64 {
		p.add(
			jump(opJGE, filter.X32Bit, 0, 3),
			jump(opJEQ, filter.Skipped, 0, 1),
			ret(filter.ActionENOSYS),
			ret(r.BadArch),
		)
	}
	p.known(ranges(filter.Numbers(arch)), r.Unknown)
	p.decide(decided)
	return p
}

// assembler is a program in the making.
type assembler []instruction

func (p *assembler) add(in ...instruction) { *p = append(*p, in...) }

// jumpOut adds an unconditional jump whose target land sets.
func (p *assembler) jumpOut() int {
	p.add(instruction{code: opJump})
	return len(*p) - 1
}

// land lets jumps made by jumpOut arrive at the next instruction.
func (p *assembler) land(from ...int) {
	for _, i := range from {
		(*p)[i].k = uint32(len(*p) - i - 1)
	}
}

// span is a range of numbers, both ends inside.
type span struct{ first, last int }

// ranges joins ascending numbers that follow on one another.
func ranges(nrs []int) []span {
	var list []span
	for _, nr := range nrs {
		if n := len(list); n > 0 && list[n-1].last+1 == nr {
			list[n-1].last = nr
		} else {
			list = append(list, span{nr, nr})
		}
	}
	return list
}

// known returns the verdict on unknown numbers for all outside the ranges, and
// goes on with the others. Ascending: whatever reaches a range is above the one
// before it.
func (p *assembler) known(list []span, unknown filter.Action) {
	var out []int
	for i, s := range list {
		if s.first > 0 {
			p.add(jump(opJGE, uint32(s.first), 1, 0), ret(unknown))
		}
		if i < len(list)-1 {
			p.add(jump(opJGT, uint32(s.last), 1, 0))
			out = append(out, p.jumpOut())
		} else {
			p.add(jump(opJGT, uint32(s.last), 0, 1), ret(unknown))
		}
	}
	p.land(out...)
}

// decide returns the verdicts on single system calls, ascending, and goes on with
// all others. Those below the first, nearly all calls there are, pass in one step;
// neighbours of one verdict share a test.
func (p *assembler) decide(decided []verdict) {
	if len(decided) == 0 {
		return
	}
	p.add(jump(opJGE, uint32(decided[0].nr), 1, 0))
	out := p.jumpOut()
	for i := 0; i < len(decided); {
		v, n := decided[i], 1
		for i+n < len(decided) && decided[i+n].nr == v.nr+n && decided[i+n].action == v.action {
			n++
		}
		if n == 1 {
			p.add(jump(opJEQ, uint32(v.nr), 0, 1), ret(v.action))
		} else {
			p.add(jump(opJGE, uint32(v.nr), 0, 2), jump(opJGT, uint32(v.nr+n-1), 1, 0), ret(v.action))
		}
		i += n
	}
	p.land(out)
}
