package explain

import (
	"fmt"
	"strconv"
	"strings"

	"casemate/policy/filter"
	"casemate/policy/prove"
	"casemate/policy/region"
)

// Call is a system call, by name or by number.
type Call struct {
	Name string // "" where only the number is known
	NR   uint32
}

// ParseCall reads a name, or a number: decimal, or hexadecimal with 0x.
func ParseCall(word string) (Call, error) {
	if filter.Known(word) {
		return Call{Name: word}, nil
	}
	if nr, err := strconv.ParseUint(word, 0, 32); err == nil {
		return Call{NR: uint32(nr)}, nil
	}
	if near := filter.Suggest(word); near != "" {
		return Call{}, fmt.Errorf("%q: unknown system call; did you mean %q?", word, near)
	}
	return Call{}, fmt.Errorf("%q: unknown system call", word)
}

// on gives the number and the name on one architecture; false where it has no such call.
func (c Call) on(arch filter.Arch) (uint32, string, bool) {
	if c.Name == "" {
		name, _ := filter.Name(arch, int(c.NR))
		return c.NR, name, true
	}
	nr, ok := filter.Number(arch, c.Name)
	return uint32(nr), c.Name, ok
}

// stated narrows a box to the arguments that are stated: "flags=O_WRONLY", "arg0=0x1".
func stated(b prove.Box, arch filter.Arch, name string, args []string) (prove.Box, error) {
	seen := map[int]bool{}
	for _, text := range args {
		index, mask, value, err := argument(arch, name, text)
		if err != nil {
			return b, err
		}
		if seen[index] {
			return b, fmt.Errorf("%q: the argument is stated twice", text)
		}
		seen[index] = true
		b = b.With(prove.ArgLow(index), prove.Masked(uint32(mask), uint32(value))).
			With(prove.ArgHigh(index), prove.Masked(uint32(mask>>32), uint32(value>>32)))
	}
	return b, nil
}

// argument reads NAME=VALUE in the language of conditions, by which names, constants and
// widths are the ones of policies; argN is the whole word of an argument without a name.
func argument(arch filter.Arch, call, text string) (index int, mask, value uint64, err error) {
	name, word, ok := strings.Cut(text, "=")
	if !ok || name == "" || word == "" {
		return 0, 0, 0, fmt.Errorf("%q: not NAME=VALUE", text)
	}
	if n, isNumber := strings.CutPrefix(name, "arg"); isNumber && len(n) == 1 && n[0] >= '0' && n[0] < '0'+filter.MaxArgs {
		value, err = strconv.ParseUint(word, 0, 64)
		if err != nil {
			return 0, 0, 0, fmt.Errorf("%q: not a number of 64 bits", text)
		}
		return int(n[0] - '0'), ^uint64(0), value, nil
	}
	if call == "" {
		return 0, 0, 0, fmt.Errorf("%q: the arguments of an unknown number have no names; arg0 to arg5 are there", text)
	}
	compare, err := equality(arch, call, name+" == "+word)
	if err != nil {
		return 0, 0, 0, fmt.Errorf("%q: %w", text, err)
	}
	return compare.Arg.Index, compare.Mask, compare.Values[0], nil
}

// equality reads one comparison of a whole argument and nothing else.
func equality(arch filter.Arch, call, text string) (*filter.Compare, error) {
	e, err := filter.ParseExpr(call, text)
	if err != nil {
		return nil, worded(err)
	}
	tree, err := e.Tree(arch)
	if err != nil {
		return nil, worded(err)
	}
	c, ok := tree.(*filter.Compare)
	if !ok || c.Op != filter.Equal || c.Mask != c.Arg.Mask() {
		return nil, fmt.Errorf("not a single value")
	}
	return c, nil
}

// worded is an error of a condition without its offset, which is into text of ours.
func worded(err error) error {
	bad, ok := err.(*filter.ExprError)
	if !ok {
		return err
	}
	s := bad.Problem
	if bad.Token != "" {
		s = fmt.Sprintf("%q: %s", bad.Token, s)
	}
	if bad.Hint != "" {
		s += "; " + bad.Hint
	}
	return fmt.Errorf("%s", s)
}

// outcome is one verdict and the calls that get it.
type outcome struct {
	action filter.Action
	boxes  []prove.Box
}

// mostRegions bounds what is kept of one call's.
const mostRegions = 1 << 15

// outcomes walks the filter over a box; what is allowed comes first.
func outcomes(p *prove.Program, in prove.Box) ([]outcome, error) {
	var list []outcome
	count := 0
	err := p.Walk(in, func(b prove.Box, a filter.Action) bool {
		if count++; count > mostRegions {
			return false
		}
		for i := range list {
			if list[i].action == a {
				list[i].boxes = append(list[i].boxes, b)
				return true
			}
		}
		list = append(list, outcome{a, []prove.Box{b}})
		if a == filter.ActionAllow {
			list[0], list[len(list)-1] = list[len(list)-1], list[0]
		}
		return true
	})
	if err == nil && count > mostRegions {
		err = fmt.Errorf("the call falls into more than %d regions: %w", mostRegions, prove.ErrComplex)
	}
	for i := range list {
		list[i].open(in)
	}
	return list, err
}

// open takes out of the boxes what was stated, so that only the rest is worded.
func (o *outcome) open(in prove.Box) {
	for i := range o.boxes {
		for w := range in {
			if o.boxes[i][w].Equal(in[w]) {
				o.boxes[i][w] = prove.Full()
			}
		}
	}
}

// condition words the calls of one outcome among all.
func condition(arch filter.Arch, name string, list []outcome, i int) string {
	var others []prove.Box
	for j, o := range list {
		if j != i {
			others = append(others, o.boxes...)
		}
	}
	return region.Either(arch, name, list[i].boxes, others)
}
