package compile

import (
	"strconv"
	"strings"
)

// units are powers of 1024, as the kernel reads them in memory.max.
var units = map[byte]uint{'K': 10, 'M': 20, 'G': 30, 'T': 40}

// maxSize is the largest size: 8 EiB would overflow the kernel's signed counters.
const maxSize = 1 << 60

// decimal reads a number in its only spelling: digits, no sign, no leading zero.
func decimal(s string) (uint64, bool) {
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil && strconv.FormatUint(n, 10) == s
}

// parseSize reads bytes, or a number with K, M, G or T.
func parseSize(s string) (uint64, bool) {
	if s == "" {
		return 0, false
	}
	shift, unit := units[s[len(s)-1]]
	n, ok := decimal(strings.TrimRight(s, "KMGT"))
	if unit && strings.TrimRight(s, "KMGT") != s[:len(s)-1] {
		return 0, false
	}
	if !ok || n > maxSize>>shift {
		return 0, false
	}
	return n << shift, true
}

const sizeHint = `a number of bytes, or with K, M, G or T: "64M"`

// octal reads permission bits: three or four octal digits.
func octal(s string, most uint64) (uint32, bool) {
	n, err := strconv.ParseUint(s, 8, 32)
	if err != nil || n > most || len(s) < 3 || len(s) > 4 {
		return 0, false
	}
	return uint32(n), true
}
