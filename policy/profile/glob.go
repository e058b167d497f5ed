package profile

import (
	"slices"
	"strings"
)

// except gives the pattern of everything below a directory but the places named,
// relative to it, and what lies below them. AppArmor's patterns have no "but": what
// remains are the names that leave every excepted one at some byte.
//
//	"" without places: **     "bin": {[^b]**,b,b[^i]**,bi,bi[^n]**,bin[^/]**}
func except(places []string) string {
	if len(places) == 0 {
		return "**"
	}
	places = slices.Compact(slices.Sorted(slices.Values(places)))
	var ways []string
	for _, prefix := range prefixes(places) {
		whole := slices.Contains(places, prefix)
		if prefix != "" && !whole {
			ways = append(ways, prefix)
		}
		ways = append(ways, prefix+"[^"+class(following(places, prefix, whole))+"]**")
	}
	return "{" + strings.Join(ways, ",") + "}"
}

// prefixes of the places, each once, the shorter first.
func prefixes(places []string) []string {
	all := []string{""}
	for _, p := range places {
		for i := range len(p) {
			all = append(all, p[:i+1])
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// following are the bytes behind a prefix that do not leave the places: those of longer
// ones and, behind a whole one, the slash.
func following(places []string, prefix string, whole bool) []byte {
	var next []byte
	if whole {
		next = append(next, '/')
	}
	for _, p := range places {
		if rest, ok := strings.CutPrefix(p, prefix); ok && rest != "" {
			next = append(next, rest[0])
		}
	}
	slices.Sort(next)
	return slices.Compact(next)
}

// class writes bytes as a set; a dash that is not first would be a range.
func class(bytes []byte) string {
	if i := slices.Index(bytes, '-'); i > 0 {
		bytes = append([]byte{'-'}, slices.Delete(slices.Clone(bytes), i, i+1)...)
	}
	return string(bytes)
}
