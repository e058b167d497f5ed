package seccomp

import (
	"errors"
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
	tree   filter.Node   // nil: whatever the arguments; else Default where it does not hold
	when   []Conjunction // the same, lowered
}

// Own is the maker of programs in this package, as a program's By has it.
const Own = "casemate"

// Program is a finished program: struct sock_filter records, 8 bytes each, little
// endian.
type Program struct {
	By    string // Own, or libseccomp and its version
	Bytes []byte
}

// Instructions is the length of the program.
func (p Program) Instructions() int { return len(p.Bytes) / instructionSize }

// Compile gives the programs for one architecture, all of which mean the rules: our
// own and, where it can hold them, libseccomp's. The same rules give the same bytes.
func Compile(arch filter.Arch, r filter.Rules) ([]Program, error) {
	list, err := resolve(arch, r)
	if err != nil {
		return nil, err
	}
	own, err := emit(arch, r, list)
	if err != nil {
		return nil, fmt.Errorf("filter for %s: %w", arch, err)
	}
	programs := []Program{{Own, encode(own)}}
	theirs, err := withLibrary(arch, r, list, optimize)
	var cannot unable
	switch {
	case errors.As(err, &cannot):
		return programs, nil
	case err != nil:
		return nil, fmt.Errorf("filter for %s: %w", arch, err)
	}
	return append(programs, Program{"libseccomp " + LibraryVersion(), encode(theirs)}), nil
}

// resolve checks the rules and gives those that hold on arch.
func resolve(arch filter.Arch, r filter.Rules) ([]verdict, error) {
	if !arch.Valid() {
		return nil, fmt.Errorf("architecture %q: no filter can be compiled for it", arch)
	}
	if err := checkActions(r); err != nil {
		return nil, err
	}
	return verdicts(arch, r)
}

// emit makes our own program: the architecture, then the number's place among the
// intervals of numbers, then its condition.
func emit(arch filter.Arch, r filter.Rules, list []verdict) ([]instruction, error) {
	g := newGraph()
	tree := g.load(offsetNR, g.search(blocks(g.intervals(arch, r, list))))
	whole := word{offsetArch, wholeWord}
	program := place(g.test(whole, opJEQ, arch.AuditArch(), tree, g.ret(r.BadArch)))
	if n := len(program); n > MaxInstructions {
		return nil, fmt.Errorf("%d instructions: the kernel takes %d", n, MaxInstructions)
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
			if v.tree, v.when, err = lower(arch, name, rule); err != nil {
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
func lower(arch filter.Arch, name string, r filter.Rule) (filter.Node, []Conjunction, error) {
	if r.When.Syscall != name {
		return nil, nil, fmt.Errorf("it was parsed for %s", r.When.Syscall)
	}
	list, err := Lower(r.When, arch)
	if err != nil {
		return nil, nil, err
	}
	tree, err := r.When.Tree(arch)
	return tree, list, err
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
