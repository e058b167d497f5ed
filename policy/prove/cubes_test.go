package prove

import (
	"math/rand/v2"
	"testing"
)

// TestCubes: the cubes of a set are its words, each once, and tell its support.
func TestCubes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		s := Masked(r.Uint32()&0xff00000f, r.Uint32()&0xff00000f)
		for range r.IntN(4) {
			other := Range(r.Uint32N(1000), 1000+r.Uint32N(1000))
			if r.IntN(2) == 0 {
				s = s.Or(other)
			} else {
				s = s.Minus(other)
			}
		}
		var joined Set
		support := uint32(0)
		count := uint64(0)
		for mask, value := range s.Cubes() {
			cube := Masked(mask, value)
			if !joined.And(cube).Empty() {
				t.Fatal("two cubes meet")
			}
			joined, count, support = joined.Or(cube), count+cube.Count(), support|mask
		}
		if !joined.Equal(s) || count != s.Count() {
			t.Fatalf("the cubes are not the set: %d words, not %d", count, s.Count())
		}
		if got := s.Support(); got&^support != 0 {
			t.Errorf("support %#x, cubes ask for %#x", got, support)
		}
		for bit := uint32(1); bit != 0; bit <<= 1 {
			half := Masked(bit, 0).And(s).Count()
			if s.Support()&bit == 0 && half*2 != s.Count() {
				t.Errorf("bit %#x decides and is not in the support", bit)
			}
		}
	}
	if Full().Support() != 0 || (Set{}).Support() != 0 {
		t.Error("nothing decides about all and nothing")
	}
}
