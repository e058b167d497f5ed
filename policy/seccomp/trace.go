package seccomp

import "fmt"

// accumulator is what a program's one register holds before an instruction: the
// word of seccomp_data at offset, under mask, on every way that leads there.
type accumulator struct {
	known  bool
	offset uint32
	mask   uint32
}

func (a accumulator) String() string {
	s := ""
	switch {
	case a.offset == offsetNR:
		s = "nr"
	case a.offset == offsetArch:
		s = "arch"
	case a.offset < offsetArgs:
		s = "instruction pointer"
	default:
		s = fmt.Sprintf("arg%d", (a.offset-offsetArgs)/8)
		if a.offset%8 != 0 {
			s += " high"
		}
	}
	if a.mask != ^uint32(0) {
		s += fmt.Sprintf(" & %#x", a.mask)
	}
	return s
}

// tracer follows the accumulator. Jumps only go forward, so that one pass sees all
// the ways to an instruction before the instruction itself.
type tracer struct {
	held    []accumulator
	reached []bool
}

func trace(code []instruction) []accumulator {
	t := tracer{make([]accumulator, len(code)), make([]bool, len(code))}
	t.arrive(0, accumulator{})
	for i, in := range code {
		if !t.reached[i] {
			continue
		}
		a := t.held[i]
		switch in.code {
		case opRet:
		case opJump:
			t.arrive(uint64(i)+1+uint64(in.k), a)
		case opJEQ, opJGT, opJGE, opJSet:
			t.arrive(uint64(i)+1+uint64(in.jt), a)
			t.arrive(uint64(i)+1+uint64(in.jf), a)
		default:
			t.arrive(uint64(i)+1, in.apply(a))
		}
	}
	return t.held
}

// arrive notes one more way to an instruction. Two that differ leave it unknown.
func (t *tracer) arrive(i uint64, a accumulator) {
	if i >= uint64(len(t.held)) {
		return
	}
	if t.reached[i] && t.held[i] != a {
		a = accumulator{}
	}
	t.held[i], t.reached[i] = a, true
}

// apply is what the accumulator holds after a load or a mask.
func (in instruction) apply(a accumulator) accumulator {
	switch in.code {
	case opLoad:
		return accumulator{true, in.k, ^uint32(0)}
	case opAnd:
		a.mask &= in.k
		return a
	}
	return accumulator{}
}
