package seccomp

import (
	"errors"
	"fmt"

	"casemate/policy/filter"
)

// MaxConjunctions bounds what one condition can become. Each costs the program a
// few instructions, and the kernel takes 4096 in all (BPF_MAXINSNS).
const MaxConjunctions = 512

// Match holds for an argument whose bits under Mask are Value. It is the only kind
// of comparison that reaches libseccomp.
type Match struct {
	Arg         int
	Mask, Value uint64
}

// Conjunction holds where all its matches do; at most one per argument, ascending.
type Conjunction []Match

// Lower gives a condition as conjunctions of which at least one must hold,
// the same ones in the same order every time.
//
// Ranges and inequalities become prefixes: x < 6 is x&^3 == 0 or x&^1 == 4 (in
// three bits: 0xx, 10x). They come out disjoint.
func Lower(e *filter.Expr, arch filter.Arch) ([]Conjunction, error) {
	n, err := e.Tree(arch)
	if err != nil {
		return nil, err
	}
	list, err := lowerTree(n, false)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("the condition can never hold; leave the system call out")
	}
	if none, err := lowerTree(n, true); err == nil && len(none) == 0 {
		return nil, errors.New("the condition always holds; leave it out")
	}
	return list, nil
}

func lowerTree(n filter.Node, negate bool) ([]Conjunction, error) {
	l := lowerer{budget: 1 << 21}
	list, err := l.node(n, negate)
	if err != nil {
		return nil, err
	}
	if list, err = l.bounded(tidy(list)); err != nil {
		return nil, err
	}
	return absorb(list), nil
}

// lowerer counts the pairs of conjunctions it looks at, so that no text of 4 KiB
// can keep a build busy for more than a moment.
type lowerer struct{ budget int }

var errComplex = fmt.Errorf("the condition is too complex: more than %d alternatives; split ranges and inequalities, or name the wanted values", MaxConjunctions)

// node lowers n, or its negation: negations are pushed down to the comparisons
// (De Morgan), where they turn the operator round.
func (l *lowerer) node(n filter.Node, negate bool) ([]Conjunction, error) {
	switch n := n.(type) {
	case *filter.Not:
		return l.node(n.Of, !negate)
	case *filter.All:
		return l.list(n.Of, negate, !negate)
	case *filter.Any:
		return l.list(n.Of, negate, negate)
	case *filter.Compare:
		return lowerCompare(n, negate), nil
	}
	panic("BUG: condition of an unknown kind")
}

// list joins lowered parts by "and" (all) or by "or".
func (l *lowerer) list(of []filter.Node, negate, all bool) ([]Conjunction, error) {
	var sum []Conjunction
	if all {
		sum = []Conjunction{nil} // the empty conjunction holds always
	}
	for _, n := range of {
		part, err := l.node(n, negate)
		if err != nil {
			return nil, err
		}
		if all {
			part, err = l.product(sum, part)
		} else {
			part = append(sum, part...)
		}
		if err != nil {
			return nil, err
		}
		if sum, err = l.bounded(tidy(part)); err != nil {
			return nil, err
		}
	}
	return sum, nil
}

// bounded tries to bring a list that has grown too long under the limit.
func (l *lowerer) bounded(list []Conjunction) ([]Conjunction, error) {
	n := len(list)
	if n <= MaxConjunctions {
		return list, nil
	}
	if err := l.spend(n, n); err != nil {
		return nil, err
	}
	if list = absorb(list); len(list) > MaxConjunctions {
		return nil, errComplex
	}
	return list, nil
}

// spend takes the cost of looking at every pair of two lists from the budget.
func (l *lowerer) spend(n, m int) error {
	if n > l.budget || m > l.budget/max(n, 1) {
		return errComplex
	}
	l.budget -= n * m
	return nil
}

// product is every pair that does not contradict itself.
func (l *lowerer) product(a, b []Conjunction) ([]Conjunction, error) {
	if err := l.spend(len(a), len(b)); err != nil {
		return nil, err
	}
	var pairs []Conjunction
	for _, x := range a {
		for _, y := range b {
			if c, ok := both(x, y); ok {
				pairs = append(pairs, c)
			}
		}
	}
	return pairs, nil
}

// both is the conjunction of two, or false where they contradict one another.
// Each argument keeps one match: two of them agree on the bits they share, and are
// one match on the bits of either.
func both(a, b Conjunction) (Conjunction, bool) {
	joined := make(Conjunction, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch x, y := a[0], b[0]; {
		case x.Arg < y.Arg:
			joined, a = append(joined, x), a[1:]
		case x.Arg > y.Arg:
			joined, b = append(joined, y), b[1:]
		case (x.Value^y.Value)&x.Mask&y.Mask != 0:
			return nil, false
		default:
			joined = append(joined, Match{x.Arg, x.Mask | y.Mask, x.Value | y.Value})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(joined, a...), b...), true
}
