package filter

import (
	"fmt"
	"strings"
)

// bitwiseOr reads constants joined by "|"; an argument may stand alone.
func (p *parser) bitwiseOr() (term, *ExprError) {
	t, err := p.bitwiseAnd()
	for err == nil && p.peek().is("|") {
		sign := p.take()
		var right term
		if right, err = p.bitwiseAnd(); err == nil {
			t.word, err = or(sign, t, right)
		}
	}
	return t, err
}

func or(sign token, left, right term) (word, *ExprError) {
	l, err := left.number()
	if err != nil {
		return word{}, err
	}
	r, err := right.number()
	if err != nil {
		return word{}, err
	}
	if l.arg != nil || r.arg != nil {
		return word{}, sign.fail("an argument cannot be joined by |", "join constants: flags & (A|B), or conditions: … || …")
	}
	return word{value: l.value | r.value, negative: l.negative || r.negative}, nil
}

// bitwiseAnd reads an argument under masks, or constants joined by "&".
func (p *parser) bitwiseAnd() (term, *ExprError) {
	t, err := p.operand()
	for err == nil && p.peek().is("&") {
		sign := p.take()
		var right term
		if right, err = p.operand(); err == nil {
			t.word, err = and(sign, t, right)
		}
	}
	return t, err
}

func and(sign token, left, right term) (word, *ExprError) {
	l, err := left.number()
	if err != nil {
		return word{}, err
	}
	r, err := right.number()
	if err != nil {
		return word{}, err
	}
	switch {
	case l.arg != nil && r.arg != nil:
		return word{}, sign.fail("two arguments cannot be joined", "a mask is made of constants")
	case l.arg == nil && r.arg == nil:
		return word{value: l.value & r.value, negative: l.negative && r.negative}, nil
	case l.arg == nil:
		return masked(right.word, left)
	}
	return masked(left.word, right)
}

// masked puts a further mask on an argument.
func masked(w word, mask term) (word, *ExprError) {
	m, err := fit(mask, *w.arg)
	if err != nil {
		return word{}, err
	}
	if w.mask &= m; w.mask == 0 {
		return word{}, mask.first.fail("a mask without a bit", "the constant is 0 on this architecture, or two masks have no bit in common")
	}
	return w, nil
}

// fit gives a constant's bits on an argument's width. A constant that the headers
// write negative (AT_FDCWD) loses the copies of its sign bit.
func fit(t term, a Arg) (uint64, *ExprError) {
	v := t.value
	if t.negative && int64(v) >= -(int64(1)<<(a.Width-1)) {
		return v & a.Mask(), nil
	}
	if v&^a.Mask() != 0 {
		return 0, t.first.fail(fmt.Sprintf("%#x does not fit: %s has %d bits", v, a.Names[0], a.Width), "")
	}
	return v, nil
}

func (p *parser) operand() (term, *ExprError) {
	t := p.take()
	switch {
	case t.kind == tokenNumber:
		return term{first: t, word: word{value: t.number}}, nil
	case t.is("(") || t.is("!"):
		if p.nest++; p.nest > maxNest {
			return term{}, t.fail(fmt.Sprintf("nested deeper than %d", maxNest), "")
		}
		defer func() { p.nest-- }()
		if t.text == "!" {
			return p.not(t)
		}
		return p.parenthesis(t)
	case t.kind == tokenName && t.text == "not":
		return term{}, t.fail("unexpected here", `write "!(…)", or "name not in {…}"`)
	case t.kind == tokenName && t.text != "in":
		return p.name(t)
	}
	return term{}, t.fail("a name, a number or ( is wanted here", "")
}

func (p *parser) not(sign token) (term, *ExprError) {
	t, err := p.operand()
	if err != nil {
		return term{}, err
	}
	if t.node == nil {
		return term{}, sign.fail("! in front of a number", "negate a condition: !(a == b), or write a != b")
	}
	return term{first: sign, node: &Not{t.node}}, nil
}

func (p *parser) parenthesis(open token) (term, *ExprError) {
	t, err := p.any()
	if err != nil {
		return term{}, err
	}
	if end := p.peek(); !p.accept(")") {
		return term{}, end.fail("unexpected here", fmt.Sprintf("the ( at offset %d is not closed", open.offset))
	}
	t.first = open
	return t, nil
}

// name is an argument of the system call or a constant; their spellings cannot
// meet, since constants begin with a capital.
func (p *parser) name(t token) (term, *ExprError) {
	for i, a := range p.args {
		if !a.named(t.text) {
			continue
		}
		if a.Pointer {
			return term{}, t.fail("an argument that is or may be a pointer", "a filter sees only its address, which says nothing")
		}
		return term{first: t, word: word{arg: &p.args[i], mask: a.Mask()}}, nil
	}
	c, ok := lookup(t.text)
	if !ok {
		return term{}, t.fail(p.unknown(t.text))
	}
	i := p.arch.column()
	if c.on>>i&1 == 0 {
		return term{}, t.fail(fmt.Sprintf("no such constant on %s", p.arch), "")
	}
	return term{first: t, word: word{value: uint64(c.value[i]), negative: c.value[i] < 0}}, nil
}

// unknown gives the problem and the hint for a name that means nothing.
func (p *parser) unknown(name string) (problem, hint string) {
	if c := name[0]; c == '@' || 'A' <= c && c <= 'Z' {
		return "unknown constant", didYouMean(nearest(name, constantNames()))
	}
	var names []string
	for _, a := range p.args {
		if !a.Pointer {
			names = append(names, a.Names...)
		}
	}
	if len(names) == 0 {
		return "no argument of " + p.syscall + " can be compared", "a filter sees numbers in registers, never what is behind a pointer"
	}
	if near := nearest(name, names); near != "" {
		return "unknown argument of " + p.syscall, didYouMean(near)
	}
	return "unknown argument of " + p.syscall, "known: " + strings.Join(names, ", ")
}
