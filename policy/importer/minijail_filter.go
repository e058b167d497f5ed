package importer

import (
	"strconv"
	"strings"

	"casemate/policy/filter"
)

// filters reads what stands behind the colon: the steps that decide a call, in order.
func (p *mjPolicy) filters(l *mjLine) (all []clause, kill bool, err error) {
	if !l.accept("{") {
		return p.single(l)
	}
	for {
		some, killing, err := p.single(l)
		if err != nil {
			return nil, false, err
		}
		all, kill = append(all, some...), kill || killing
		if l.accept("}") {
			return all, kill, nil
		}
		if !l.accept(",") {
			return nil, false, l.fail("a , or } is wanted here")
		}
	}
}

// single reads an action, or an expression with an action behind it.
func (p *mjPolicy) single(l *mjLine) ([]clause, bool, error) {
	if t := l.peek(); !strings.HasPrefix(t.text, "arg") || t.kind != "w" {
		allow, kill, err := p.action(l)
		return []clause{{allow: allow}}, kill, err
	}
	when, err := p.expression(l)
	if err != nil {
		return nil, false, err
	}
	if !l.accept(";") {
		return []clause{{when: when, allow: true}}, false, nil
	}
	allow, kill, err := p.action(l)
	switch {
	case err != nil:
		return nil, false, err
	case p.compiled:
		p.d.note("seccomp", "an expression with an action behind it is read as compile_seccomp_policy.py does: where it holds, the action is taken")
		return []clause{{when: when, allow: allow}}, false, nil
	case allow:
		return nil, false, l.fail("minijail0(5) has only return behind the ;")
	}
	p.d.note("seccomp", "an expression with a return behind it is read as minijail0(5) does: where it holds, the call is allowed")
	// minijail0: allowed where it holds, the action where it does not.
	return []clause{{when: when, allow: true}, {allow: false}}, kill, nil
}

// action reads what happens to a call.
func (p *mjPolicy) action(l *mjLine) (allow, kill bool, err error) {
	t := l.take()
	switch t.text {
	case "1", "allow":
		return true, false, nil
	case "kill", "kill-process", "kill-thread", "trap":
		return false, true, nil
	case "trace", "user-notify":
		p.d.note("seccomp", "where another process decides in the source (trace, user-notify), the call is denied here")
		return false, false, nil
	case "log":
		p.d.note("seccomp", "what the source allows and logs is denied here: nothing is logged")
		return false, false, nil
	case "return":
		n := l.take()
		_, numberErr := strconv.ParseInt(n.text, 0, 32)
		if n.kind == "n" && numberErr != nil || n.kind == "w" && errnoNumber(n.text) == 0 || n.kind != "n" && n.kind != "w" {
			return false, false, lineFault(l.source, l.number, n.text, "an error is wanted behind return")
		}
		if n.text == "0" {
			p.d.note("seccomp", "return 0 answers a call without carrying it out; such calls are denied here")
		}
		p.softened = true
		return false, false, nil
	}
	return false, false, lineFault(l.source, l.number, t.text, "not an action, nor a comparison of arg0 to arg5")
}

// expression reads alternatives of comparisons.
func (p *mjPolicy) expression(l *mjLine) (expression, error) {
	var all expression
	for {
		var atoms []atom
		for {
			a, err := p.atom(l)
			if err != nil {
				return nil, err
			}
			atoms = append(atoms, a)
			if !l.accept("&&") {
				break
			}
		}
		all = append(all, atoms)
		if !l.accept("||") {
			return all, nil
		}
	}
}

var mjOperators = map[string]filter.Op{
	"==": filter.Equal, "!=": filter.NotEqual, "<": filter.Less, "<=": filter.LessEqual,
	">": filter.Greater, ">=": filter.GreaterEqual, "&": filter.NotEqual, "in": filter.Equal,
}

// atom reads one comparison. "arg & BITS" asks for one of the bits at least, "arg in
// BITS" for no other.
func (p *mjPolicy) atom(l *mjLine) (atom, error) {
	t := l.peek()
	index, err := strconv.ParseUint(strings.TrimPrefix(t.text, "arg"), 10, 8)
	if err != nil || index >= filter.MaxArgs || !strings.HasPrefix(t.text, "arg") {
		return atom{}, l.fail("an argument is wanted here: arg0 to arg5")
	}
	l.take()
	sign := l.peek().text
	op, ok := mjOperators[sign]
	if !ok {
		return atom{}, l.fail("a comparison is wanted here")
	}
	l.take()
	v, err := l.value()
	if err != nil {
		return atom{}, err
	}
	a := atom{arg: int(index), op: op, mask: ^uint64(0), value: v.bits[0], symbol: v.symbol}
	for _, bits := range v.bits {
		if bits != v.bits[0] && (v.symbol == "" || sign == "&" || sign == "in") {
			a.why = "a constant differs between the architectures; --arch names one"
		}
	}
	switch sign {
	case "&":
		a.mask, a.value, a.symbol = v.bits[0], 0, ""
	case "in":
		a.mask, a.value, a.symbol = ^v.bits[0], 0, ""
	}
	return a, nil
}
