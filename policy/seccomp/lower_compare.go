package seccomp

import "casemate/policy/filter"

var opposite = [...]filter.Op{
	filter.Equal: filter.NotEqual, filter.NotEqual: filter.Equal, filter.Less: filter.GreaterEqual, filter.LessEqual: filter.Greater,
	filter.Greater: filter.LessEqual, filter.GreaterEqual: filter.Less, filter.In: filter.NotIn, filter.NotIn: filter.In,
}

// lowerCompare gives one comparison, or its negation, as single matches. The parser
// has refused what holds always or never, so that v+1 and v-1 cannot wrap: no
// argument is "<= all bits", none ">= 0".
func lowerCompare(c *filter.Compare, negate bool) []Conjunction {
	op, v := c.Op, c.Values[0]
	if negate {
		op = opposite[op]
	}
	s := prefixes{arg: c.Arg.Index, mask: c.Mask}
	switch op {
	case filter.Equal, filter.In:
		for _, v := range c.Values {
			s.add(c.Mask, v)
		}
	case filter.NotEqual, filter.NotIn:
		s.outside(c.Values, 63, 0, 0)
	case filter.Less:
		s.below(v)
	case filter.LessEqual:
		s.below(v + 1)
	case filter.Greater:
		s.above(v)
	case filter.GreaterEqual:
		s.above(v - 1)
	}
	return s.list
}

// prefixes collects matches on the bits of one argument under a mask, the highest
// bit first.
type prefixes struct {
	arg  int
	mask uint64
	list []Conjunction
}

// add takes a value with bits outside the mask for what it is: one that a masked
// argument never has.
func (s *prefixes) add(mask, value uint64) {
	if value&^s.mask != 0 {
		return
	}
	if mask == 0 {
		s.list = append(s.list, nil)
		return
	}
	s.list = append(s.list, Conjunction{{s.arg, mask, value & mask}})
}

// outside adds all values but those listed: it walks the tree of bits, and where
// no listed value is left below a node, everything below it belongs to the result.
func (s *prefixes) outside(values []uint64, bit int, mask, value uint64) {
	if len(values) == 0 {
		s.add(mask, value)
		return
	}
	for bit >= 0 && s.mask>>bit&1 == 0 {
		bit--
	}
	if bit < 0 {
		return
	}
	b := uint64(1) << bit
	var zero, one []uint64
	for _, v := range values {
		if v&b == 0 {
			zero = append(zero, v)
		} else {
			one = append(one, v)
		}
	}
	s.outside(zero, bit-1, mask|b, value)
	s.outside(one, bit-1, mask|b, value|b)
}

// below adds the values less than v. A value is less when it agrees with v down
// to a bit that is 1 in v and 0 in the value. At a bit of v that the mask lacks the
// value has 0: everything below is less, and nothing can agree any further.
func (s *prefixes) below(v uint64) {
	var seen uint64
	for bit := 63; bit >= 0; bit-- {
		b := uint64(1) << bit
		switch {
		case s.mask&b == 0 && v&b != 0:
			s.add(seen, v&seen)
			return
		case s.mask&b == 0:
			continue
		case v&b != 0:
			s.add(seen|b, v&seen)
		}
		seen |= b
	}
}

// above adds the values greater than v; the mirror of below. At a bit of v that
// the mask lacks every value that agrees so far is less.
func (s *prefixes) above(v uint64) {
	var seen uint64
	for bit := 63; bit >= 0; bit-- {
		b := uint64(1) << bit
		switch {
		case s.mask&b == 0 && v&b != 0:
			return
		case s.mask&b == 0:
			continue
		case v&b == 0:
			s.add(seen|b, v&seen|b)
		}
		seen |= b
	}
}
