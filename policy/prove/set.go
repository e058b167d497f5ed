package prove

import "iter"

// Set is an exact set of 32-bit words: a reduced ordered decision diagram over their
// bits, in which intervals and masks are small alike. The zero Set is empty. Sets are
// values: operations give new ones. They may be used by several goroutines.
type Set struct {
	space *space // nil only for the empty and the full set
	root  ref    // the highest bit at level 0
}

// wordBits are the bits of a Set.
var wordBits = bits{0, 32, 1<<32 - 1}

// Full is the set of all words.
func Full() Set { return Set{root: yes} }

// Range is the set of the words from first to last, both inside.
func Range(first, last uint32) Set {
	s := newSpace()
	return Set{s, s.and(s.not(s.less(wordBits, uint64(first))), s.most(wordBits, uint64(last)))}
}

// Masked is the set of the words w for which w & mask == value.
func Masked(mask, value uint32) Set {
	s := newSpace()
	return Set{s, s.equal(bits{0, 32, uint64(mask)}, uint64(value))}
}

// Values is the set of the words listed.
func Values(list ...uint32) Set {
	s := newSpace()
	r := no
	for _, v := range list {
		r = s.or(r, s.equal(wordBits, uint64(v)))
	}
	return Set{s, r}
}

// adopt gives the diagram at r of other nodes in s.
func (s *space) adopt(from []node, r ref) ref {
	known := map[ref]ref{}
	var copied func(ref) ref
	copied = func(r ref) ref {
		if !r.isInner() {
			return r
		}
		to, ok := known[r]
		if !ok {
			n := from[r]
			to = s.node(n.level, copied(n.low), copied(n.high))
			known[r] = to
		}
		return to
	}
	return copied(r)
}

// take gives a's diagram in s. The two spaces are locked one after the other, so that
// goroutines that join sets crosswise cannot wait for one another.
func (s *space) take(a Set) ref {
	if a.space == s || !a.root.isInner() {
		return a.root
	}
	from := a.nodes()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.adopt(from, a.root)
}

// joined gives then where test holds and otherwise elsewhere, in the space of the
// first of them that has one.
func joined(test, then, otherwise Set) Set {
	s := test.space
	for _, of := range []Set{then, otherwise} {
		if s == nil {
			s = of.space
		}
	}
	if s == nil {
		s = newSpace()
	}
	t, a, b := s.take(test), s.take(then), s.take(otherwise)
	s.mu.Lock()
	defer s.mu.Unlock()
	return Set{s, s.ite(t, a, b)}
}

// And is the set of the words that are in both.
func (a Set) And(b Set) Set { return joined(a, b, Set{}) }

// Or is the set of the words that are in either.
func (a Set) Or(b Set) Set { return joined(a, Full(), b) }

// Not is the set of the words that are not in a.
func (a Set) Not() Set { return joined(a, Set{}, Full()) }

// Minus is the set of the words of a that are not in b.
func (a Set) Minus(b Set) Set { return joined(b, Set{}, a) }

// Empty reports whether no word is in a.
func (a Set) Empty() bool { return a.root == no }

// Full reports whether every word is in a.
func (a Set) Full() bool { return a.root == yes }

// Equal reports whether both have the same words.
func (a Set) Equal(b Set) bool {
	if a.space == b.space || !a.root.isInner() || !b.root.isInner() {
		return a.root == b.root
	}
	return a.space.take(b) == a.root
}

// Within reports whether every word of a is in b.
func (a Set) Within(b Set) bool { return a.Minus(b).Empty() }

// nodes is what the diagram of a is made of. They are only ever appended to.
func (a Set) nodes() []node {
	if a.space == nil {
		return nil
	}
	a.space.mu.Lock()
	defer a.space.mu.Unlock()
	return a.space.nodes
}

// Contains reports whether a word is in a.
func (a Set) Contains(w uint32) bool {
	nodes, r := a.nodes(), a.root
	for r.isInner() {
		if n := nodes[r]; w>>(31-n.level)&1 == 0 {
			r = n.low
		} else {
			r = n.high
		}
	}
	return r == yes
}

// Sample is the smallest word of a, which must not be empty.
func (a Set) Sample() uint32 {
	for first := range a.Ranges() {
		return first
	}
	panic("BUG: a sample of the empty set")
}

// Count is how many words are in a, at most 1<<32.
func (a Set) Count() uint64 {
	nodes, known := a.nodes(), map[ref]uint64{no: 0, yes: 1}
	level := func(r ref) uint32 {
		if r.isInner() {
			return nodes[r].level
		}
		return 32
	}
	// below counts the words that the bits from r's level on make.
	var below func(ref) uint64
	below = func(r ref) uint64 {
		n, ok := known[r]
		if !ok {
			in := nodes[r]
			n = below(in.low)<<(level(in.low)-in.level-1) + below(in.high)<<(level(in.high)-in.level-1)
			known[r] = n
		}
		return n
	}
	return below(a.root) << level(a.root)
}

// Ranges gives the words of a as ranges, first and last inside, ascending and as long
// as they go. A set of masks can have 2^31 of them.
func (a Set) Ranges() iter.Seq2[uint32, uint32] {
	return func(yield func(uint32, uint32) bool) {
		nodes := a.nodes()
		j := joiner{yield: yield}
		var walk func(r ref, level uint32, prefix uint64) bool
		walk = func(r ref, level uint32, prefix uint64) bool {
			switch {
			case r == no:
				return true
			case r == yes:
				return j.add(prefix, prefix+1<<(32-level)-1)
			case nodes[r].level > level:
				return walk(r, level+1, prefix) && walk(r, level+1, prefix|1<<(31-level))
			}
			return walk(nodes[r].low, level+1, prefix) && walk(nodes[r].high, level+1, prefix|1<<(31-level))
		}
		if walk(a.root, 0, 0) {
			j.flush()
		}
	}
}

// joiner joins ascending ranges that follow on one another.
type joiner struct {
	yield       func(uint32, uint32) bool
	any         bool
	first, last uint64
}

func (j *joiner) add(first, last uint64) bool {
	if j.any && first == j.last+1 {
		j.last = last
		return true
	}
	ok := j.flush()
	j.any, j.first, j.last = true, first, last
	return ok
}

func (j *joiner) flush() bool { return !j.any || j.yield(uint32(j.first), uint32(j.last)) }
