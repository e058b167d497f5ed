package seccomp

import (
	"fmt"
	"slices"

	"casemate/policy/filter"
)

// optimize is libseccomp's level for the body; see body.
const optimize = 2

// unable says why libseccomp cannot make a program of these rules. That is no fault of
// the rules.
type unable string

func (u unable) Error() string { return "libseccomp " + LibraryVersion() + ": " + string(u) }

// withLibrary makes the program whose body libseccomp compiles.
func withLibrary(arch filter.Arch, r filter.Rules, list []verdict, optimize int) ([]instruction, error) {
	decided, rules, err := split(arch, list)
	if err != nil {
		return nil, err
	}
	tail, err := body(arch, r.Default, r.BadArch, rules, optimize)
	if err != nil {
		return nil, err
	}
	program := slices.Concat(prologue(arch, r, decided), tail)
	if n := len(program); n > MaxInstructions {
		return nil, unable(fmt.Sprintf("%d instructions", n))
	}
	return program, nil
}

// split separates what the prologue must decide, since libseccomp does not know
// the name on this architecture, from what libseccomp compiles.
func split(arch filter.Arch, list []verdict) (decided, rules []verdict, err error) {
	for _, v := range list {
		known, err := libraryKnows(arch, v.name, v.nr)
		if err != nil {
			return nil, nil, err
		}
		switch {
		case known:
			rules = append(rules, v)
		case v.when != nil:
			return nil, nil, unable(fmt.Sprintf("it does not know %s on %s, so its arguments cannot be compared", v.name, arch))
		default:
			decided = append(decided, v)
		}
	}
	return decided, rules, nil
}
