package seccomp

import "slices"

// placer writes a graph as a program, from its end: jumps only go forward, so that
// all that an instruction can reach has its place before it has.
type placer struct {
	reversed []instruction
	// at is the nearest place that leads to a node: itself, or an instruction that
	// jumps there or repeats it.
	at map[*node]int
}

// place gives the program that begins with n.
func place(n *node) []instruction {
	p := placer{at: map[*node]int{}}
	p.put(n)
	if p.at[n] != len(p.reversed)-1 {
		p.bridge(n)
	}
	slices.Reverse(p.reversed)
	return p.reversed
}

func (p *placer) add(in instruction, of *node) {
	p.at[of] = len(p.reversed)
	p.reversed = append(p.reversed, in)
}

// put places n and all that it leads to, once.
func (p *placer) put(n *node) {
	if _, done := p.at[n]; done {
		return
	}
	switch n.op {
	case opRet:
		p.add(instruction{code: opRet, k: n.k}, n)
	case opLoad, opAnd:
		p.put(n.yes)
		if p.at[n.yes] != len(p.reversed)-1 {
			p.bridge(n.yes)
		}
		p.add(instruction{code: n.op, k: n.k}, n)
	default:
		p.put(n.no)
		p.put(n.yes)
		for p.far(n.yes) || p.far(n.no) {
			// Each bridge moves the other target one further away.
			if p.far(n.yes) {
				p.bridge(n.yes)
			}
			if p.far(n.no) {
				p.bridge(n.no)
			}
		}
		p.add(jump(n.op, n.k, uint8(p.distance(n.yes)), uint8(p.distance(n.no))), n)
	}
}

// distance is what a jump that is placed next has to skip to get to n.
func (p *placer) distance(n *node) int { return len(p.reversed) - p.at[n] - 1 }

// far: a conditional jump skips 255 instructions at most.
func (p *placer) far(n *node) bool { return p.distance(n) > 255 }

// bridge adds an instruction that leads to n: the return again, or a long jump.
func (p *placer) bridge(n *node) {
	if n.op == opRet {
		p.add(instruction{code: opRet, k: n.k}, n)
		return
	}
	p.add(instruction{code: opJump, k: uint32(p.distance(n))}, n)
}
