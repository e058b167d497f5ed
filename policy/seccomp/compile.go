package seccomp

import (
	"fmt"
	"maps"
	"slices"

	"casemate/policy/filter"
)

// verdict is the rule for one system call on one architecture.
type verdict struct {
	name   string
	nr     int
	at     string // where it was written
	action filter.Action
	when   []Conjunction // nil: whatever the arguments; else Default where none holds
}

// optimize is libseccomp's level for the body; see body.
const optimize = 2

// Compile gives the program for one architecture: struct sock_filter records, 8
// bytes each, little endian. The same rules give the same bytes.
func Compile(arch filter.Arch, r filter.Rules) ([]byte, error) {
	program, err := compile(arch, r, optimize)
	if err != nil {
		return nil, err
	}
	return encode(program), nil
}

func compile(arch filter.Arch, r filter.Rules, optimize int) ([]instruction, error) {
	if !arch.Valid() {
		return nil, fmt.Errorf("architecture %q: no filter can be compiled for it", arch)
	}
	if err := checkActions(r); err != nil {
		return nil, err
	}
	list, err := verdicts(arch, r)
	if err != nil {
		return nil, err
	}
	decided, rules, err := split(arch, list)
	if err != nil {
		return nil, err
	}
	tail, err := body(arch, r.Default, r.BadArch, rules, optimize)
	if err != nil {
		return nil, fmt.Errorf("filter for %s: %w", arch, err)
	}
	program := slices.Concat(prologue(arch, r, decided), tail)
	possible := map[filter.Action]bool{
		filter.ActionAllow: true, filter.ActionENOSYS: true, filter.ActionKillProcess: true,
		r.Default: true, r.Unknown: true, r.BadArch: true,
	}
	if err := check(program, possible); err != nil {
		return nil, fmt.Errorf("filter for %s: %w", arch, err)
	}
	return program, nil
}

func checkActions(r filter.Rules) error {
	for _, a := range []struct {
		name   string
		action filter.Action
	}{{"default", r.Default}, {"unknown", r.Unknown}, {"bad_arch", r.BadArch}} {
		if !a.action.Denies() {
			return fmt.Errorf("seccomp %s = %s: must be one of EPERM, EACCES, ENOSYS, kill", a.name, a.action)
		}
	}
	return nil
}

// verdicts gives the rules that hold on arch, ascending by number, without those
// that say what the default says anyway (libseccomp refuses these).
func verdicts(arch filter.Arch, r filter.Rules) ([]verdict, error) {
	var list []verdict
	for _, name := range slices.Sorted(maps.Keys(r.Allow)) {
		rule := r.Allow[name]
		if at, twice := r.Kill[name]; twice {
			return nil, fmt.Errorf("%s: %s is allowed, and killed at %s", rule.At, name, at)
		}
		v, here, err := newVerdict(arch, name, rule.At, filter.ActionAllow)
		if err != nil {
			return nil, err
		}
		if here && rule.When != nil {
			if v.when, err = lower(arch, name, rule); err != nil {
				return nil, fmt.Errorf("%s: condition of %s: %w", rule.At, name, err)
			}
		}
		if here {
			list = append(list, v)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Kill)) {
		v, here, err := newVerdict(arch, name, r.Kill[name], filter.ActionKillProcess)
		if err != nil {
			return nil, err
		}
		if here {
			list = append(list, v)
		}
	}
	if !mentions(r, filter.Clone3) {
		v, _, err := newVerdict(arch, filter.Clone3, "", filter.ActionENOSYS)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	list = slices.DeleteFunc(list, func(v verdict) bool { return v.action == r.Default })
	slices.SortFunc(list, func(a, b verdict) int { return a.nr - b.nr })
	return list, nil
}

func mentions(r filter.Rules, name string) bool {
	_, allowed := r.Allow[name]
	_, killed := r.Kill[name]
	return allowed || killed
}

// lower gives the rule's condition. An Expr was parsed for one system call, whose
// arguments it names, and belongs to no other.
func lower(arch filter.Arch, name string, r filter.Rule) ([]Conjunction, error) {
	if r.When.Syscall != name {
		return nil, fmt.Errorf("it was parsed for %s", r.When.Syscall)
	}
	return Lower(r.When, arch)
}

// newVerdict is false for a system call that only other architectures have.
func newVerdict(arch filter.Arch, name, at string, a filter.Action) (verdict, bool, error) {
	nr, ok := filter.Number(arch, name)
	if !ok && !filter.Known(name) {
		err := fmt.Errorf("%s: unknown system call %q", at, name)
		if near := filter.Suggest(name); near != "" {
			err = fmt.Errorf("%w; did you mean %s?", err, near)
		}
		return verdict{}, false, err
	}
	return verdict{name: name, nr: nr, at: at, action: a}, ok, nil
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
			return nil, nil, fmt.Errorf("%s: condition of %s: libseccomp %s does not know it on %s, so its arguments cannot be compared; "+
				"allow it without a condition, or not at all", v.at, v.name, LibraryVersion(), arch)
		default:
			decided = append(decided, v)
		}
	}
	return decided, rules, nil
}
