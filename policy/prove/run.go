package prove

import "casemate/policy/filter"

// Run is what the program says of one call.
func (p *Program) Run(c filter.Call) filter.Action {
	data := words(c)
	var a uint32
	for i := 0; ; i++ {
		switch in := p.code[i]; in.code {
		case opLoad:
			a = data[in.k/4]
		case opAnd:
			a &= in.k
		case opRet:
			return filter.Action(in.k)
		case opJump:
			i += int(in.k)
		default:
			if in.holds(a) {
				i += int(in.jt)
			} else {
				i += int(in.jf)
			}
		}
	}
}

// holds reports whether a conditional jump takes its first way.
func (in instruction) holds(a uint32) bool {
	switch in.code {
	case opJEQ:
		return a == in.k
	case opJGT:
		return a > in.k
	case opJGE:
		return a >= in.k
	case opJSet:
		return a&in.k != 0
	}
	panic("BUG: a program with an unknown instruction")
}
