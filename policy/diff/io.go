package diff

import (
	"slices"
	"strings"

	"casemate/internal/sealed"
)

// ioMax compares per device and key: a key that no line sets is unlimited.
func (d *differ) ioMax(old, new []sealed.Limit) {
	o, okOld := rates(old)
	n, okNew := rates(new)
	if !okOld || !okNew {
		if !slices.EqualFunc(old, new, func(a, b sealed.Limit) bool { return a.Value == b.Value }) {
			d.add(Change{Subject: "io.max", Order: Unknown, Old: lines(old), New: lines(new), OldAt: firstAt(old), NewAt: firstAt(new)})
		}
		return
	}
	for _, key := range sortedKeys(o, n) {
		d.add(Change{
			Subject: "io.max " + key, Order: widths(rate(o, key), rate(n, key)), Old: amountOf(o, key), New: amountOf(n, key),
			OldAt: firstAt(old), NewAt: firstAt(new),
		})
	}
}

// rates reads io.max: "8:0 rbps" and so on to the amount. A later line overrides.
func rates(list []sealed.Limit) (map[string]uint64, bool) {
	m := map[string]uint64{}
	for _, l := range list {
		words := strings.Fields(l.Value)
		if len(words) < 2 {
			return nil, false
		}
		for _, w := range words[1:] {
			key, value, _ := strings.Cut(w, "=")
			n, ok := quantity(value)
			if !slices.Contains([]string{"rbps", "wbps", "riops", "wiops"}, key) || value == "" || !ok {
				return nil, false
			}
			m[words[0]+" "+key] = n
		}
	}
	return m, true
}

func rate(m map[string]uint64, key string) uint64 {
	if n, ok := m[key]; ok {
		return n
	}
	return infinite
}

func amountOf(m map[string]uint64, key string) string {
	if _, ok := m[key]; !ok {
		return "not set"
	}
	return amount(m[key])
}

// weights are behaviour, line by line.
func (d *differ) weights(file string, old, new []sealed.Limit) {
	o, n := values(old), values(new)
	slices.Sort(o)
	slices.Sort(n)
	d.add(Change{Subject: file, Order: lists(o, n), Old: lines(old), New: lines(new), OldAt: firstAt(old), NewAt: firstAt(new)})
}

func values(list []sealed.Limit) []string {
	var all []string
	for _, l := range list {
		all = append(all, l.Value)
	}
	return all
}

func lines(list []sealed.Limit) string { return orNotSet(strings.Join(values(list), "; ")) }

func firstAt(list []sealed.Limit) string {
	if len(list) == 0 {
		return ""
	}
	return list[0].At
}
