package region

import (
	"fmt"
	"math/bits"
	"strings"

	"casemate/policy/filter"
	"casemate/policy/prove"
)

// argument words the condition on one argument, "" for none. A filter sees it as two
// words; most conditions are on one of them, or are a range over both.
func (w wording) argument(a filter.Arg, low, high prove.Set) string {
	t := term{wording: w, arg: a}
	switch {
	case low.Full() && high.Full():
		return ""
	case high.Full():
		return t.word(low, 0)
	case low.Full():
		return t.word(high, 32)
	}
	if text, ok := t.whole(low, high); ok {
		return text
	}
	return paren(t.word(high, 32)) + " && " + paren(t.word(low, 0))
}

func paren(s string) string {
	if strings.Contains(s, " || ") {
		return "(" + s + ")"
	}
	return s
}

// term words conditions on one argument.
type term struct {
	wording
	arg filter.Arg
}

// whole words both words as one 64-bit comparison, where the high one has one value, or
// each has few.
func (t term) whole(low, high prove.Set) (string, bool) {
	if high.Count() != 1 {
		in, ok := values(low, low.Support())
		hi, ok2 := values(high, high.Support())
		if !ok || !ok2 || len(in)*len(hi) > mostTerms {
			return "", false
		}
		var all []uint64
		for _, h := range hi {
			for _, l := range in {
				all = append(all, h<<32|l)
			}
		}
		return t.equals(uint64(high.Support())<<32|uint64(low.Support()), all, false), true
	}
	base := uint64(high.Sample()) << 32
	if first, last, one := single(low); one {
		return t.between(t.arg.Names[0], base|uint64(first), base|uint64(last), t.arg.Mask()), true
	}
	in, ok := values(low, low.Support())
	if !ok {
		return "", false
	}
	for i := range in {
		in[i] |= base
	}
	return t.equals(0xffffffff<<32|uint64(low.Support()), in, false), true
}

// word words the condition on one of the two words, shift bits up.
func (t term) word(s prove.Set, shift uint) string {
	// A single bit is a flag, and reads as one; a few values may have names.
	if first, last, one := single(s); one && (first == last || bits.OnesCount32(s.Support()) > 1 && last-first >= mostTerms) {
		if shift == 0 && t.arg.Width == 64 {
			return t.between(t.arg.Names[0]+" & 0xffffffff", uint64(first), uint64(last), 1<<32-1)
		}
		return t.between(t.arg.Names[0], uint64(first)<<shift, (uint64(last)+1)<<shift-1, t.arg.Mask())
	}
	mask := s.Support()
	if t.arg.Width == 32 && min(s.Count(), s.Not().Count()) <= mostTerms {
		mask = 1<<32 - 1 // neighbours read better one by one than by a mask over both
	}
	in, okIn := values(s, mask)
	out, okOut := values(s.Not(), mask)
	switch {
	case okOut && (!okIn || len(out) < len(in)):
		return t.equals(uint64(mask)<<shift, shifted(out, shift), true)
	case okIn:
		return t.equals(uint64(mask)<<shift, shifted(in, shift), false)
	}
	return t.cubes(s, shift)
}

// cubes words a set as a list of masks, or counts it.
func (t term) cubes(s prove.Set, shift uint) string {
	var parts []string
	for mask, value := range s.Cubes() {
		if len(parts) == mostTerms {
			return fmt.Sprintf("%s is one of %d values, such as %#x", t.arg.Names[0], s.Count(), s.Sample())
		}
		parts = append(parts, t.equals(uint64(mask)<<shift, []uint64{uint64(value) << shift}, false))
	}
	return strings.Join(parts, " || ")
}

// single gives the range that a set is, if it is one.
func single(s prove.Set) (first, last uint32, ok bool) {
	n := 0
	for a, b := range s.Ranges() {
		if n++; n > 1 {
			return 0, 0, false
		}
		first, last = a, b
	}
	return first, last, n == 1
}

// values lists the words of a set that have no bit outside the mask, if they are few. The
// mask has the set's support in it.
func values(s prove.Set, mask uint32) ([]uint64, bool) {
	s = s.And(prove.Masked(^mask, 0))
	if s.Count() > 40 {
		return nil, false
	}
	var all []uint64
	for first, last := range s.Ranges() {
		for v := uint64(first); v <= uint64(last); v++ {
			all = append(all, v)
		}
	}
	return all, true
}

func shifted(values []uint64, by uint) []uint64 {
	for i := range values {
		values[i] <<= by
	}
	return values
}

// between words a range of what name says, whose greatest value is most.
func (t term) between(name string, first, last, most uint64) string {
	switch {
	case first == last:
		return name + " == " + t.value(first, most)
	case first == 0:
		return name + " <= " + number(last)
	case last == most:
		return name + " >= " + number(first)
	}
	return name + " >= " + number(first) + " && " + name + " <= " + number(last)
}

// equals words a comparison under a mask with any of the values, or with none of them.
func (t term) equals(mask uint64, values []uint64, not bool) string {
	left := t.arg.Names[0]
	if len(values) == 1 && bits.OnesCount64(mask) == 1 && values[0] != 0 {
		values, not = []uint64{0}, !not // a flag is set or not
	}
	if mask != t.arg.Mask() {
		left += " & " + t.mask(mask)
	}
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = t.value(v, mask)
	}
	switch {
	case len(words) == 1 && not:
		return left + " != " + words[0]
	case len(words) == 1:
		return left + " == " + words[0]
	case not:
		return left + " not in {" + strings.Join(words, ", ") + "}"
	}
	return left + " in {" + strings.Join(words, ", ") + "}"
}
