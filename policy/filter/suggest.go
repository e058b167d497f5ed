package filter

import (
	"slices"
	"strings"
)

// Suggest gives the system call whose name is nearest to a mistyped one, or "".
func Suggest(name string) string { return nearest(strings.ToLower(name), Names()) }

// nearest gives the candidate at the least edit distance from name, the first in
// order where several are equally near, and "" where all are too far to be a slip
// of the hand. A name longer than any of ours is not looked at: the distance costs
// the product of the lengths.
func nearest(name string, candidates []string) string {
	const longest = 64
	if len(name) == 0 || len(name) > longest {
		return ""
	}
	best, least := "", 2+len(name)/6
	if len(name) < 4 {
		least = 2
	}
	for _, c := range candidates {
		if d := distance(name, c, least); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is the number of insertions, deletions, replacements and swaps of
// neighbours that turn a into b, or limit where it is not below limit.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d >= limit || -d >= limit {
		return limit
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		if slices.Min(row) >= limit {
			return limit
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], limit)
}
