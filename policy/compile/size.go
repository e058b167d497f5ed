package compile

import (
	"fmt"
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

// sizeHint tells how a size is written, and where one can tell, this one.
func sizeHint(s string) string {
	example := "64M"
	if near := nearSize(s); near != "" {
		example = near
	}
	return fmt.Sprintf("a number of bytes, or with K, M, G or T: %q", example)
}

// nearSize is a size in the form that others have for it, "512 MiB", as this language has it;
// "" where it is none.
func nearSize(s string) string {
	near := strings.ToUpper(strings.ReplaceAll(s, " ", ""))
	near = strings.TrimSuffix(strings.TrimSuffix(near, "B"), "I")
	if _, ok := parseSize(near); !ok || near == s {
		return ""
	}
	return near
}

// octal reads permission bits: three or four octal digits.
func octal(s string, most uint64) (uint32, bool) {
	n, err := strconv.ParseUint(s, 8, 32)
	if err != nil || n > most || len(s) < 3 || len(s) > 4 {
		return 0, false
	}
	return uint32(n), true
}
