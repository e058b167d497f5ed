package prove

// bits is a run of them, the highest one at level top, of which those of mask count:
// the others are taken for 0.
type bits struct {
	top   uint32
	width int // 32 or 64
	mask  uint64
}

// compared is how the value of the bits stands to a constant.
type compared struct{ less, equal ref }

// compare builds from the lowest bit up: what is decided by a bit is decided, and where
// it agrees with the constant's, the lower bits decide. Bits that do not count are 0.
func (s *space) compare(b bits, v uint64) compared {
	c := compared{less: no, equal: yes}
	for i := range b.width {
		level := b.top + uint32(b.width-1-i)
		counts, one := b.mask>>i&1 == 1, v>>i&1 == 1
		switch {
		case counts && one:
			c = compared{s.node(level, yes, c.less), s.node(level, no, c.equal)}
		case counts:
			c = compared{s.node(level, c.less, no), s.node(level, c.equal, no)}
		case one: // 0 is less than 1, whatever the lower bits
			c = compared{less: yes, equal: no}
		}
	}
	return c
}

// any is where one of the bits under mask is 1.
func (s *space) any(b bits) ref {
	r := no
	for i := range b.width {
		if b.mask>>i&1 == 1 {
			r = s.node(b.top+uint32(b.width-1-i), r, yes)
		}
	}
	return r
}
