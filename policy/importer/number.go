package importer

import "strconv"

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }

// whole64 reads a number of digits alone.
func whole64(s string) (uint64, bool) {
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil && s[0] != '+'
}
