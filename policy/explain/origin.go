package explain

import (
	"fmt"
	"slices"
	"strings"

	"casemate/policy/base"
	"casemate/policy/danger"
	"casemate/policy/filter"
)

// initGroup is what init needs; every policy has it.
const initGroup = "@casemate-init"

// callLines says which lines decide about a call, and what would allow it.
func (s *Subject) callLines(a *Answer, arch filter.Arch, name string, nr uint32, native, allowed bool) {
	switch {
	case !native || arch == filter.AMD64 && nr >= filter.X32Bit && nr != filter.Skipped:
		a.because("calls of another ABI are never let through: seccomp.bad_arch (%s)", s.keyPlace("seccomp.bad_arch"))
	case arch == filter.AMD64 && nr == filter.Skipped:
		a.because("always: a tracer has written the number to have the call skipped")
	case name == "":
		a.because("no call of the table of system calls has this number: seccomp.unknown (%s)", s.keyPlace("seccomp.unknown"))
	case name == filter.Clone3:
		a.because("always: no filter can see its flags, and C libraries fall back to clone after ENOSYS")
	case s.Text == nil:
		a.because("%s", untold)
	case allowed:
		s.granted(a, name)
	default:
		s.denied(a, name)
	}
}

func (s *Subject) keyPlace(key string) string {
	if s.Text == nil {
		return "its line is not in a sealed policy"
	}
	return place(s.Text.Pos(key))
}

// granted lists what allows a call: the policy's own word, groups, init's need, and the
// condition over them.
func (s *Subject) granted(a *Answer, name string) {
	own := s.Text.Seccomp.When[name]
	if own != "" {
		a.because("under the condition %s (%s)", own, s.Text.Pos("seccomp.when", name))
	}
	for i, entry := range s.Text.Seccomp.Allow {
		p := s.Text.Pos("seccomp.allow", i)
		if entry == name {
			a.because("allowed by name (%s)", p)
			continue
		}
		group, ok := base.FindGroup(entry)
		if !ok || !slices.Contains(group.Calls, name) {
			continue
		}
		if when := group.When[name]; when != "" && own == "" {
			a.because("allowed by %s (%s), when %s", entry, p, strings.Join(strings.Fields(when), " "))
		} else {
			a.because("allowed by %s (%s)", entry, p)
		}
	}
	if slices.Contains(filter.InitSet(), name) {
		a.because("allowed by %s: init itself needs it, in every policy", initGroup)
	}
	if reason, ok := s.Text.Why["seccomp."+name]; ok {
		a.because("because: %s (%s)", reason, s.Text.Pos("why", "seccomp."+name))
	}
}

// denied says what denies a call and what would allow it. What is allowed elsewhere and
// not for these arguments has a condition to be changed.
func (s *Subject) denied(a *Answer, name string) {
	if p := s.Text.PosOf("seccomp.kill", name); p.Line > 0 {
		a.because("seccomp.kill names it (%s); to allow it, remove it there first", p)
	}
	if _, partly := s.Rules.Allow[name]; partly {
		a.because("these arguments meet no condition, so seccomp.default decides (%s)", s.keyPlace("seccomp.default"))
		s.granted(a, name)
		a.because("to allow it, state another condition: seccomp.when.%s", name)
		return
	}
	a.because("nothing allows it; seccomp.default decides (%s)", s.keyPlace("seccomp.default"))
	a.because("to allow it, add %q to %s%s", name, s.addTo("seccomp.allow"), reasonFor("seccomp."+name, callDanger(name)))
	var groups []string
	for _, g := range base.Groups() {
		if group, ok := base.FindGroup(g); ok && slices.Contains(group.Calls, name) {
			groups = append(groups, g+under(group.When[name]))
		}
	}
	if len(groups) > 0 {
		a.because("it is in %s", strings.Join(groups, ", "))
	}
}

func under(when string) string {
	if when == "" {
		return ""
	}
	return fmt.Sprintf(" (when %s)", strings.Join(strings.Fields(when), " "))
}

// callDanger is why a call needs a reason, "" for none.
func callDanger(name string) string {
	d := danger.Calls[name]
	if d.Narrowed {
		return d.Why + "; or a condition of its own"
	}
	return d.Why
}
