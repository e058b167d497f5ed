package importer

import (
	"fmt"
	"slices"
	"strings"

	"casemate/policy/filter"
)

// atom is one comparison of a source: argument & mask OP value, on all 64 bits of the
// register, unsigned.
type atom struct {
	arg    int
	op     filter.Op // Equal to GreaterEqual
	mask   uint64
	value  uint64
	symbol string // how the source writes the value, where it is a name; "" for a number
	why    string // why it cannot be said at all; "" when it can
}

// truth of an atom once the bits that the kernel ignores are left out.
type truth uint8

const (
	depends truth = iota
	always
	never
)

// cannot says why something has no counterpart among our conditions.
type cannot struct{ why string }

func (c *cannot) Error() string { return c.why }

// argument finds an argument of a call. All architectures must agree on it.
func argument(call string, index int, arches []filter.Arch) (filter.Arg, error) {
	var found *filter.Arg
	for _, arch := range arches {
		if _, ok := filter.Number(arch, call); !ok {
			continue
		}
		args := filter.Args(arch, call)
		if index >= len(args) {
			return filter.Arg{}, &cannot{fmt.Sprintf("argument %d of %s has no name in this language", index, call)}
		}
		a := args[index]
		switch {
		case a.Pointer:
			return filter.Arg{}, &cannot{fmt.Sprintf("argument %d of %s, %s, is or may be a pointer: a filter sees only its address", index, call, a.Names[0])}
		case found != nil && (found.Names[0] != a.Names[0] || found.Width != a.Width):
			return filter.Arg{}, &cannot{fmt.Sprintf("argument %d of %s differs between the architectures", index, call)}
		}
		found = &a
	}
	if found == nil {
		return filter.Arg{}, &cannot{"no such call"}
	}
	return *found, nil
}

// say writes an atom with the argument's name and width.
//
// Sources compare 64 bits, this language those that the kernel looks at. What a call
// does depends on the latter alone: whoever is let through with a register whose upper
// half is garbage could have made the same call with a clean one, and did not need to.
// So the upper bits are left out, and a comparison that asks something of them alone is
// taken for what it says about clean registers.
func (a atom) say(call string, arches []filter.Arch) (string, truth, error) {
	if a.why != "" {
		return "", depends, &cannot{a.why}
	}
	arg, err := argument(call, a.arg, arches)
	if err != nil {
		return "", depends, err
	}
	bits := arg.Mask()
	mask, value := a.mask&bits, a.value&bits
	if high := a.value &^ bits; high != 0 {
		// A negative number of the source, sign-extended, is the one with upper bits
		// that a clean call can have.
		negative := high == a.mask&^bits && value>>(arg.Width-1)&1 == 1
		if !negative {
			return "", clean(a.op), nil
		}
	}
	if t := trivial(a.op, mask, value); t != depends {
		return "", t, nil
	}
	text := arg.Names[0]
	if mask != bits {
		text += fmt.Sprintf(" & %#x", mask)
	}
	shown := a.symbol
	if shown == "" {
		shown = number(value)
	}
	return text + " " + a.op.String() + " " + shown, depends, nil
}

// clean is the truth of a comparison with a value above all clean registers.
func clean(op filter.Op) truth {
	switch op {
	case filter.NotEqual, filter.Less, filter.LessEqual:
		return always
	}
	return never
}

// trivial is the truth of a comparison that no register changes.
func trivial(op filter.Op, mask, value uint64) truth {
	switch filter.Trivial(op, mask, value) {
	case "always":
		return always
	case "never":
		return never
	}
	if mask == 0 { // 0 == 0
		return map[bool]truth{true: always, false: never}[op == filter.Equal || op == filter.LessEqual || op == filter.GreaterEqual]
	}
	return depends
}

// number writes small numbers as people do, flags as headers do.
func number(v uint64) string {
	if v < 1024 {
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("%#x", v)
}

// expression is a condition in the making: alternatives of conjunctions.
type expression [][]atom

// say writes an expression. An expression without alternatives never holds, an empty
// alternative always does. cut is set when a comparison was left out because the bits
// that the kernel looks at cannot change it.
func (e expression) say(call string, arches []filter.Arch, cut *bool) (string, truth, error) {
	var sums []string
	equal := map[string][]string{} // alternatives "name == value", by name
	var names []string
	for _, all := range e {
		var parts []string
		result := always
		for _, a := range all {
			text, t, err := a.say(call, arches)
			if err != nil {
				return "", depends, err
			}
			*cut = *cut || t != depends
			if t == never {
				result = never
				break
			}
			if t == depends && !slices.Contains(parts, text) {
				result = depends
				parts = append(parts, text)
			}
		}
		switch {
		case result == never:
			continue
		case len(parts) == 0:
			return "", always, nil
		}
		if name, value, ok := strings.Cut(parts[0], " == "); ok && len(parts) == 1 && !strings.Contains(name, "&") {
			if equal[name] == nil {
				names = append(names, name)
			}
			equal[name] = append(equal[name], value)
			continue
		}
		sums = append(sums, strings.Join(parts, " && "))
	}
	for _, name := range names {
		values := slices.Compact(equal[name])
		if len(values) == 1 {
			sums = append(sums, name+" == "+values[0])
			continue
		}
		sums = append(sums, name+" in {"+strings.Join(values, ", ")+"}")
	}
	if len(sums) == 0 {
		return "", never, nil
	}
	return strings.Join(sums, " || "), depends, nil
}
