package prove

import "casemate/policy/filter"

// order is the order of the words in diagrams: architecture and number first, since
// they decide what the arguments mean, and the high word of 64 bits before the low
// one, so that a 64-bit argument is a run of 64 bits, the highest first.
var order = func() [Words]Word {
	o := [Words]Word{Arch, NR}
	for i := range filter.MaxArgs {
		o[2+2*i], o[3+2*i] = ArgHigh(i), ArgLow(i)
	}
	o[Words-2], o[Words-1] = IPHigh, IPLow
	return o
}()

// top is the level of a word's highest bit.
var top = func() (t [Words]uint32) {
	for i, w := range order {
		t[w] = 32 * uint32(i)
	}
	return t
}()

// diagram is a function from calls to verdicts.
type diagram struct {
	space  *space
	root   ref
	states int // that the evaluation has seen
}

// state is where a program can be: at an instruction, the accumulator holding a word of
// seccomp_data under a mask. A mask of 0 stands for the 0 that the kernel starts with.
type state struct {
	at   int
	word Word
	mask uint32
}

// evaluator gives every state the verdicts that it leads to.
type evaluator struct {
	code  []instruction
	space *space
	known map[state]ref
}

// evaluate gives the program's diagram.
func (p *Program) evaluate() (diagram, error) {
	d := diagram{space: newSpace()}
	err := d.space.within(func() { d.root, d.states = p.in(d.space) })
	return d, err
}

// in evaluates the program in a space.
func (p *Program) in(s *space) (root ref, states int) {
	e := evaluator{p.code, s, map[state]ref{}}
	return e.from(state{}), len(e.known)
}

// from evaluates a state. Jumps go forward, so that this ends.
func (e *evaluator) from(at state) ref {
	if r, ok := e.known[at]; ok {
		return r
	}
	e.space.spend()
	r := e.step(at, e.code[at.at])
	e.known[at] = r
	return r
}

func (e *evaluator) step(at state, in instruction) ref {
	to := func(i int) state { return state{i, at.word, at.mask} }
	next := in.next(at.at)
	switch in.code {
	case opRet:
		return e.space.leaf(uint64(in.k))
	case opLoad:
		return e.from(state{next[0], Word(in.k / 4), ^uint32(0)})
	case opAnd:
		return e.from(state{next[0], at.word, at.mask & in.k})
	case opJump:
		return e.from(to(next[0]))
	}
	switch test := e.test(at, in); test {
	case yes:
		return e.from(to(next[0]))
	case no:
		return e.from(to(next[1]))
	default:
		return e.space.ite(test, e.from(to(next[0])), e.from(to(next[1])))
	}
}

// test is where a conditional jump takes its first way.
func (e *evaluator) test(at state, in instruction) ref {
	b := bits{top[at.word], 32, uint64(at.mask)}
	switch v := uint64(in.k); in.code {
	case opJEQ:
		return e.space.equal(b, v)
	case opJGT:
		return e.space.not(e.space.most(b, v))
	case opJGE:
		return e.space.not(e.space.less(b, v))
	case opJSet:
		b.mask &= v
		return e.space.any(b)
	}
	panic("BUG: a program with an unknown instruction")
}
