package prove

import "iter"

// Support has the bits that decide whether a word is in a; the others may be anything.
func (a Set) Support() uint32 {
	nodes, seen, support := a.nodes(), map[ref]bool{}, uint32(0)
	var walk func(ref)
	walk = func(r ref) {
		if !r.isInner() || seen[r] {
			return
		}
		seen[r] = true
		n := nodes[r]
		support |= 1 << (31 - n.level)
		walk(n.low)
		walk(n.high)
	}
	walk(a.root)
	return support
}

// Cubes gives the words of a as masks: of each pair, all words w with w & mask == value
// are in a, and no word is in two of them. There can be as many as a has words.
func (a Set) Cubes() iter.Seq2[uint32, uint32] {
	return func(yield func(mask, value uint32) bool) {
		nodes := a.nodes()
		var walk func(r ref, mask, value uint32) bool
		walk = func(r ref, mask, value uint32) bool {
			switch r {
			case no:
				return true
			case yes:
				return yield(mask, value)
			}
			n := nodes[r]
			bit := uint32(1) << (31 - n.level)
			return walk(n.low, mask|bit, value) && walk(n.high, mask|bit, value|bit)
		}
		walk(a.root, 0, 0)
	}
}
