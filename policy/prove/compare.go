package prove

// bits is a run of them, the highest one at level top, of which those of mask count:
// the others are taken for 0.
type bits struct {
	top   uint32
	width int // 32 or 64
	mask  uint64
}

// bit is the level of bit i, 0 the lowest, and whether it counts.
func (b bits) bit(i int) (level uint32, counts bool) {
	return b.top + uint32(b.width-1-i), b.mask>>i&1 == 1
}

// equal is where the bits are v. It is built, as all of them, from the lowest bit up.
func (s *space) equal(b bits, v uint64) ref {
	r := yes
	for i := range b.width {
		level, counts := b.bit(i)
		switch one := v>>i&1 == 1; {
		case counts && one:
			r = s.node(level, no, r)
		case counts:
			r = s.node(level, r, no)
		case one:
			return no
		}
	}
	return r
}

// less is where the bits are less than v, unsigned: what a bit decides is decided, and
// where it agrees with v's, the lower bits decide.
func (s *space) less(b bits, v uint64) ref {
	r := no
	for i := range b.width {
		level, counts := b.bit(i)
		switch one := v>>i&1 == 1; {
		case counts && one:
			r = s.node(level, yes, r)
		case counts:
			r = s.node(level, r, no)
		case one: // 0 is less than 1, whatever the lower bits
			r = yes
		}
	}
	return r
}

// most is where the bits are v or less.
func (s *space) most(b bits, v uint64) ref { return s.or(s.less(b, v), s.equal(b, v)) }

// any is where one of the bits is 1.
func (s *space) any(b bits) ref {
	r := no
	for i := range b.width {
		if level, counts := b.bit(i); counts {
			r = s.node(level, r, yes)
		}
	}
	return r
}
