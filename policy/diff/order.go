package diff

import "fmt"

// Order says which of two policies confines less, in one respect or in all.
type Order uint8

// The orders. All but Equal, Behaviour, Softened and Stricter fail a build.
const (
	Equal        Order = iota // no difference
	Behaviour                 // something else happens, confined as much as before
	Softened                  // denied before and now, but now the process goes on
	Stricter                  // new allows less
	Weaker                    // new allows more
	Incomparable              // new allows something that old did not, and the other way round
	Unknown                   // nothing is known of it, so it may be weaker
)

var orderNames = [...]string{"equal", "behaviour", "softened", "stricter", "weaker", "incomparable", "unknown"}

func (o Order) String() string { return orderNames[o] }

// MarshalText gives the word, for JSON.
func (o Order) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads the word.
func (o *Order) UnmarshalText(b []byte) error {
	for i, name := range orderNames {
		if name == string(b) {
			*o = Order(i)
			return nil
		}
	}
	return fmt.Errorf("no such order: %q", b)
}

// Passes tells whether a build may go on with the new policy.
func (o Order) Passes() bool { return o <= Stricter }

// confinement is the order without regard to behaviour.
func (o Order) confinement() Order {
	if o == Behaviour || o == Softened {
		return Equal
	}
	return o
}

// join is the order of the product: of two respects together.
func join(a, b Order) Order {
	lo, hi := min(a, b), max(a, b)
	switch {
	case lo == Stricter && (hi == Weaker || hi == Incomparable):
		return Incomparable
	case lo == Incomparable || hi == Incomparable:
		return Incomparable
	case lo < Stricter && hi == Stricter:
		return Stricter
	}
	return hi
}

// widths compares two amounts of which the larger one confines less.
func widths[T int | int32 | uint32 | uint64](old, new T) Order {
	switch {
	case new > old:
		return Weaker
	case new < old:
		return Stricter
	}
	return Equal
}

// powers compares two sets of powers by inclusion.
func powers(old, new uint64) Order { return inclusion(new&^old != 0, old&^new != 0) }

// inclusion is the order of two sets, by whether something was gained and lost.
func inclusion(gained, lost bool) Order {
	switch {
	case gained && lost:
		return Incomparable
	case gained:
		return Weaker
	case lost:
		return Stricter
	}
	return Equal
}

// reverse is the order with old and new exchanged.
func (o Order) reverse() Order {
	switch o {
	case Weaker:
		return Stricter
	case Stricter:
		return Weaker
	}
	return o
}

// either is Behaviour where two values differ.
func either[T comparable](old, new T) Order {
	if old == new {
		return Equal
	}
	return Behaviour
}
