package filter

import "fmt"

var comparisons = map[string]Op{
	"==": Equal, "!=": NotEqual, "<": Less, "<=": LessEqual, ">": Greater, ">=": GreaterEqual,
}

// comparison reads a comparison, or a term that stands alone.
func (p *parser) comparison() (term, *ExprError) {
	left, err := p.bitwiseOr()
	if err != nil {
		return term{}, err
	}
	sign := p.peek()
	op, ok := comparisons[sign.text]
	switch {
	case ok && sign.kind == tokenSign:
		p.take()
		return p.compare(left, sign, op)
	case sign.is("in") || sign.is("not"):
		p.take()
		return p.membership(left, sign)
	}
	return left, nil
}

func (p *parser) compare(left term, sign token, op Op) (term, *ExprError) {
	c, err := subject(left, sign, op)
	if err != nil {
		return term{}, err
	}
	right, err := p.bitwiseOr()
	if err != nil {
		return term{}, err
	}
	if err := p.value(c, right); err != nil {
		return term{}, err
	}
	if again := p.peek(); again.kind == tokenSign {
		if _, chained := comparisons[again.text]; chained {
			return term{}, again.fail("comparisons cannot be chained", "join two of them by &&")
		}
	}
	return term{first: left.first, node: c}, nil
}

func (p *parser) membership(left term, sign token) (term, *ExprError) {
	op := In
	if sign.text == "not" {
		op = NotIn
		if t := p.peek(); !p.accept("in") {
			return term{}, t.fail(`"in" is wanted after "not"`, "")
		}
	}
	c, err := subject(left, sign, op)
	if err != nil {
		return term{}, err
	}
	if t := p.peek(); !p.accept("{") {
		return term{}, t.fail("{ is wanted here", "a set is written {a, b}")
	}
	for {
		right, err := p.bitwiseOr()
		if err != nil {
			return term{}, err
		}
		if err := p.value(c, right); err != nil {
			return term{}, err
		}
		if p.accept("}") {
			return term{first: left.first, node: c}, nil
		}
		if t := p.peek(); !p.accept(",") {
			return term{}, t.fail(", or } is wanted here", "")
		}
	}
}

// subject begins a comparison from its left side.
func subject(left term, sign token, op Op) (*Compare, *ExprError) {
	w, err := left.number()
	if err != nil {
		return nil, err
	}
	if w.arg == nil {
		return nil, left.first.fail("a constant on the left of "+sign.text, "the argument stands on the left")
	}
	return &Compare{Arg: *w.arg, Mask: w.mask, Op: op}, nil
}

// value adds a value on the right side.
func (p *parser) value(c *Compare, right term) *ExprError {
	w, err := right.number()
	if err != nil {
		return err
	}
	if w.arg != nil {
		return right.first.fail("an argument on the right side", "an argument is compared with constants only")
	}
	v, err := fit(right, c.Arg)
	if err != nil {
		return err
	}
	if always := Trivial(c.Op, c.Mask, v); always != "" {
		return right.first.fail(fmt.Sprintf("the comparison with %#x %s holds", v, always), trivialHint(c, v))
	}
	c.Values = append(c.Values, v)
	return nil
}

// Trivial says "always" or "never" of a comparison that no argument can change.
// What is compared are the bits of mask, so the greatest possible value is mask.
func Trivial(op Op, mask, v uint64) string {
	stray := v&^mask != 0
	switch {
	case (op == Equal || op == In) && stray, op == Less && v == 0, op == Greater && v >= mask,
		op == GreaterEqual && v > mask:
		return "never"
	case (op == NotEqual || op == NotIn) && stray, op == GreaterEqual && v == 0, op == LessEqual && v >= mask,
		op == Less && v > mask:
		return "always"
	}
	return ""
}

func trivialHint(c *Compare, v uint64) string {
	if v&^c.Mask != 0 && c.Mask != c.Arg.Mask() {
		return fmt.Sprintf("the mask before it leaves only the bits %#x", c.Mask)
	}
	return ""
}
