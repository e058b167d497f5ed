package lab

import (
	"math"
	"slices"
)

// number is what can be measured; a time.Duration is one.
type number interface {
	~int | ~int64 | ~uint32 | ~float64
}

// Quantile is the value below which the part q of the samples lies, by linear
// interpolation; the median for 0.5. It is NaN without samples.
func Quantile[T number](samples []T, q float64) float64 {
	if len(samples) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(samples))
	at := q * float64(len(s)-1)
	below := int(at)
	above := min(below+1, len(s)-1)
	low, high := float64(s[below]), float64(s[above])
	return low + (high-low)*(at-float64(below))
}
