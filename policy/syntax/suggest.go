package syntax

import (
	"fmt"
	"strings"
)

// DidYouMean is the hint that names the word nearest to a misspelt one, or "".
func DidYouMean(word string, known []string) string {
	if s := Nearest(word, known); s != "" {
		return fmt.Sprintf("did you mean %q?", s)
	}
	return ""
}

// Nearest is the known word within a third of word's length in edits, or else the
// first that begins with it, or "". Of equally near ones the first wins.
func Nearest(word string, known []string) string {
	best, at := "", max(len(word)/3, 1)+1
	for _, k := range known {
		if d := distance(word, k, at); d < at {
			best, at = k, d
		}
	}
	for i := 0; best == "" && len(word) >= 4 && i < len(known); i++ {
		if strings.HasPrefix(known[i], word) {
			best = known[i]
		}
	}
	return best
}

// distance is the number of single-byte insertions, deletions, replacements and
// swaps of neighbours between a and b; limit or more is all the same.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit || len(a) > longest {
		return limit
	}
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, last[j]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}

// longest bounds the words that are worth a suggestion.
const longest = 64
