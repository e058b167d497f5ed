package seccomp

import (
	"cmp"
	"slices"
)

// tidy sorts and removes repetitions.
func tidy(list []Conjunction) []Conjunction {
	slices.SortFunc(list, order)
	return slices.CompactFunc(list, func(a, b Conjunction) bool { return order(a, b) == 0 })
}

func order(a, b Conjunction) int {
	return slices.CompareFunc(a, b, func(x, y Match) int {
		return cmp.Or(cmp.Compare(x.Arg, y.Arg), cmp.Compare(x.Mask, y.Mask), cmp.Compare(x.Value, y.Value))
	})
}

// absorb also removes every conjunction that another one contains.
func absorb(list []Conjunction) []Conjunction {
	list = tidy(list)
	var kept []Conjunction
	for i, c := range list {
		contained := slices.ContainsFunc(kept, func(k Conjunction) bool { return k.contains(c) }) ||
			slices.ContainsFunc(list[i+1:], func(k Conjunction) bool { return k.contains(c) })
		if !contained {
			kept = append(kept, c)
		}
	}
	return kept
}

// contains reports whether c holds wherever d does: every bit that c asks for, d
// asks for too, with the same value.
func (c Conjunction) contains(d Conjunction) bool {
	for _, m := range c {
		for len(d) > 0 && d[0].Arg < m.Arg {
			d = d[1:]
		}
		if len(d) == 0 || d[0].Arg != m.Arg || m.Mask&^d[0].Mask != 0 || (m.Value^d[0].Value)&m.Mask != 0 {
			return false
		}
	}
	return true
}
