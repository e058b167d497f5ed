package selinux

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"casemate/internal/facts"
)

// Categories is how many of them the policies of distributions have, c0 to c1023.
const Categories = 1024

// Pairs is how many pairs of different categories there are.
const Pairs = Categories * (Categories - 1) / 2

// Pair gives the categories of pair n, 0 <= n < Pairs, as the kernel writes them: "c3,c17".
// Two containers whose levels are different pairs reach none of each other's files: neither
// set holds the other.
func Pair(n int) string {
	high := 1
	for n >= high {
		n -= high
		high++
	}
	return "c" + strconv.Itoa(n) + ",c" + strconv.Itoa(high)
}

// MountOptions are those that give all files of a new file system one context, mount(8): of
// the user:role:type, at the lower level of the label, which the process may write. None
// where the policy names no type, or SELinux is off.
func MountOptions(files, label string, f facts.SELinux) [][2]string {
	if files == "" || !f.Enabled {
		return nil
	}
	parts := strings.SplitN(label, ":", 4)
	low, _, _ := strings.Cut(parts[len(parts)-1], "-")
	return [][2]string{{"context", files + ":" + low}}
}

// Canonical gives a level or range as the kernel writes it, "s0:c1,c5.c9-s3:c0.c1023": what
// is read back is compared with that. Categories ascend; three and more in a row are a
// range; the higher level holds the lower one (mls_level_isvalid, mls_range_isvalid).
func Canonical(text string) (string, error) {
	lowText, highText, isRange := strings.Cut(text, "-")
	low, err := parseLevel(lowText)
	if err != nil {
		return "", err
	}
	if !isRange {
		return low.text(), nil
	}
	high, err := parseLevel(highText)
	switch {
	case err != nil:
		return "", err
	case !high.holds(low):
		return "", fmt.Errorf("the level %s does not hold %s", highText, lowText)
	case high == low:
		return low.text(), nil
	}
	return low.text() + "-" + high.text(), nil
}

// level is a sensitivity and a set of categories.
type level struct {
	sensitivity int
	categories  [Categories / 64]uint64
}

func parseLevel(text string) (level, error) {
	var l level
	sensitivity, categories, some := strings.Cut(text, ":")
	var err error
	if l.sensitivity, err = number(sensitivity, "s", 1<<10); err != nil || !some {
		return l, err
	}
	next := 0 // the lowest that may come now
	for part := range strings.SplitSeq(categories, ",") {
		from, to, isRange := strings.Cut(part, ".")
		first, err := number(from, "c", Categories)
		if err != nil {
			return l, err
		}
		last := first
		if isRange {
			if last, err = number(to, "c", Categories); err != nil {
				return l, err
			}
		}
		if first < next || last < first || isRange && last == first {
			return l, fmt.Errorf("the category %s is out of order", part)
		}
		for n := first; n <= last; n++ {
			l.categories[n/64] |= 1 << (n % 64)
		}
		next = last + 1
	}
	return l, nil
}

// number reads a name such as "c17".
func number(text, prefix string, limit int) (int, error) {
	digits, ok := strings.CutPrefix(text, prefix)
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 0 || n >= limit || strconv.Itoa(n) != digits {
		return 0, fmt.Errorf("%q is not %s0 to %s%d", text, prefix, prefix, limit-1)
	}
	return n, nil
}

func (l level) holds(other level) bool {
	for i, set := range other.categories {
		if set&^l.categories[i] != 0 {
			return false
		}
	}
	return l.sensitivity >= other.sensitivity
}

func (l level) text() string {
	b := "s" + strconv.Itoa(l.sensitivity)
	separator := ":"
	for n := l.next(0); n < Categories; {
		end := n
		for end+1 < Categories && l.has(end+1) {
			end++
		}
		b += separator + "c" + strconv.Itoa(n)
		switch {
		case end == n+1:
			b += ",c" + strconv.Itoa(end)
		case end > n:
			b += ".c" + strconv.Itoa(end)
		}
		separator, n = ",", l.next(end+1)
	}
	return b
}

func (l level) has(n int) bool { return l.categories[n/64]>>(n%64)&1 != 0 }

// next is the lowest category from n up; Categories for none.
func (l level) next(n int) int {
	for ; n < Categories; n = (n/64 + 1) * 64 {
		if set := l.categories[n/64] >> (n % 64); set != 0 {
			return n + bits.TrailingZeros64(set)
		}
	}
	return Categories
}
