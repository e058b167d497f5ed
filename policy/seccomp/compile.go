package seccomp

import (
	"fmt"
	"maps"
	"slices"
)

// verdict is the rule for one system call on one architecture.
type verdict struct {
	name   string
	nr     int
	at     string // where it was written
	action Action
	when   []Conjunction // nil: whatever the arguments; else Default where none holds
}

// optimize is libseccomp's level for the body; see body.
const optimize = 2

// Compile gives the program for one architecture: struct sock_filter records, 8
// bytes each, little endian. The same rules give the same bytes.
func Compile(arch Arch, r Rules) ([]byte, error) {
	program, err := compile(arch, r, optimize)
	if err != nil {
		return nil, err
	}
	return encode(program), nil
}

func compile(arch Arch, r Rules, optimize int) ([]instruction, error) {
	if arch.column() < 0 {
		return nil, fmt.Errorf("architecture %q: no filter can be compiled for it", arch)
	}
	if err := r.checkActions(); err != nil {
		return nil, err
	}
	verdicts, err := r.verdicts(arch)
	if err != nil {
		return nil, err
	}
	decided, rules, err := split(arch, verdicts)
	if err != nil {
		return nil, err
	}
	tail, err := body(arch, r.Default, r.BadArch, rules, optimize)
	if err != nil {
		return nil, fmt.Errorf("filter for %s: %w", arch, err)
	}
	program := slices.Concat(prologue(arch, r, decided), tail)
	possible := map[Action]bool{
		ActionAllow: true, ActionENOSYS: true, ActionKillProcess: true,
		r.Default: true, r.Unknown: true, r.BadArch: true,
	}
	if err := check(program, possible); err != nil {
		return nil, fmt.Errorf("filter for %s: %w", arch, err)
	}
	return program, nil
}

func (r Rules) checkActions() error {
	for _, a := range []struct {
		name   string
		action Action
	}{{"default", r.Default}, {"unknown", r.Unknown}, {"bad_arch", r.BadArch}} {
		if !a.action.denies() {
			return fmt.Errorf("seccomp %s = %s: must be one of EPERM, EACCES, ENOSYS, kill", a.name, a.action)
		}
	}
	return nil
}

// verdicts gives the rules that hold on arch, ascending by number, without those
// that say what the default says anyway (libseccomp refuses these).
func (r Rules) verdicts(arch Arch) ([]verdict, error) {
	var list []verdict
	for _, name := range slices.Sorted(maps.Keys(r.Allow)) {
		rule := r.Allow[name]
		if at, twice := r.Kill[name]; twice {
			return nil, fmt.Errorf("%s: %s is allowed, and killed at %s", rule.At, name, at)
		}
		v, here, err := newVerdict(arch, name, rule.At, ActionAllow)
		if err != nil {
			return nil, err
		}
		if here && rule.When != nil {
			if v.when, err = rule.lower(arch, name); err != nil {
				return nil, fmt.Errorf("%s: condition of %s: %w", rule.At, name, err)
			}
		}
		if here {
			list = append(list, v)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Kill)) {
		v, here, err := newVerdict(arch, name, r.Kill[name], ActionKillProcess)
		if err != nil {
			return nil, err
		}
		if here {
			list = append(list, v)
		}
	}
	if !r.mentions(clone3) {
		v, _, err := newVerdict(arch, clone3, "", ActionENOSYS)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	list = slices.DeleteFunc(list, func(v verdict) bool { return v.action == r.Default })
	slices.SortFunc(list, func(a, b verdict) int { return a.nr - b.nr })
	return list, nil
}

func (r Rules) mentions(name string) bool {
	_, allowed := r.Allow[name]
	_, killed := r.Kill[name]
	return allowed || killed
}

// lower gives the rule's condition. An Expr was parsed for one system call, whose
// arguments it names, and belongs to no other.
func (r Rule) lower(arch Arch, name string) ([]Conjunction, error) {
	if r.When.Syscall != name {
		return nil, fmt.Errorf("it was parsed for %s", r.When.Syscall)
	}
	return Lower(r.When, arch)
}

// newVerdict is false for a system call that only other architectures have.
func newVerdict(arch Arch, name, at string, a Action) (verdict, bool, error) {
	nr, ok := Number(arch, name)
	if !ok && !Known(name) {
		err := fmt.Errorf("%s: unknown system call %q", at, name)
		if near := Suggest(name); near != "" {
			err = fmt.Errorf("%w; did you mean %s?", err, near)
		}
		return verdict{}, false, err
	}
	return verdict{name: name, nr: nr, at: at, action: a}, ok, nil
}

// split separates what the prologue must decide, since libseccomp does not know
// the name on this architecture, from what libseccomp compiles.
func split(arch Arch, list []verdict) (decided, rules []verdict, err error) {
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
