package prove

import "casemate/policy/filter"

// Word is one of the 32-bit words of struct seccomp_data, by its place there. Both
// architectures are little endian: the low word of 64 bits comes first.
type Word int

// The words of struct seccomp_data; those of arguments are ArgLow and ArgHigh.
const (
	NR Word = iota
	Arch
	IPLow
	IPHigh
	firstArg
	Words = firstArg + 2*filter.MaxArgs
)

// ArgLow is the low word of an argument, 0 to 5.
func ArgLow(i int) Word { return firstArg + 2*Word(i) }

// ArgHigh is the high word of an argument, 0 to 5.
func ArgHigh(i int) Word { return firstArg + 2*Word(i) + 1 }

// words lays a call out as struct seccomp_data.
func words(c filter.Call) [Words]uint32 {
	d := [Words]uint32{NR: c.NR, Arch: c.Arch, IPLow: uint32(c.IP), IPHigh: uint32(c.IP >> 32)}
	for i, a := range c.Args {
		d[ArgLow(i)], d[ArgHigh(i)] = uint32(a), uint32(a>>32)
	}
	return d
}

// call is the call that is laid out so.
func call(d [Words]uint32) filter.Call {
	c := filter.Call{NR: d[NR], Arch: d[Arch], IP: join(d[IPLow], d[IPHigh])}
	for i := range c.Args {
		c.Args[i] = join(d[ArgLow(i)], d[ArgHigh(i)])
	}
	return c
}

func join(low, high uint32) uint64 { return uint64(high)<<32 | uint64(low) }

// Box is a set of calls: those of which every word is in the word's set.
type Box [Words]Set

// Everything is the box of all calls.
func Everything() Box {
	var b Box
	for i := range b {
		b[i] = Full()
	}
	return b
}

// Of is the box of all calls of one system call of an architecture.
func Of(arch filter.Arch, nr uint32) Box {
	return Everything().With(Arch, Values(arch.AuditArch())).With(NR, Values(nr))
}

// With is b with another set for one word.
func (b Box) With(w Word, s Set) Box {
	b[w] = s
	return b
}

// Empty reports whether no call is in b.
func (b Box) Empty() bool {
	for _, s := range b {
		if s.Empty() {
			return true
		}
	}
	return false
}

// Contains reports whether a call is in b.
func (b Box) Contains(c filter.Call) bool {
	for w, v := range words(c) {
		if !b[w].Contains(v) {
			return false
		}
	}
	return true
}

// Sample is a call of b, which must not be empty: each word is its set's smallest.
func (b Box) Sample() filter.Call {
	var d [Words]uint32
	for w, s := range b {
		d[w] = s.Sample()
	}
	return call(d)
}
