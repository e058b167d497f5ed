package audit

import (
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/filter"
)

// view is one policy while its rules are checked.
type view struct {
	*Subject
	options  Options
	policy   *sealed.Policy
	programs []*program
	places   *places

	rule     *Rule // whose check runs
	findings []Finding
}

func newView(s *Subject, o Options) *view {
	v := &view{Subject: s, options: o, policy: s.File.Policy, places: newPlaces(s)}
	for _, f := range v.policy.Filters {
		v.programs = append(v.programs, walked(f))
	}
	return v
}

// found records a finding of the running check: what it is about, a line of words, and
// where the policy says so. Severity is the rule's where it is 0. Two findings of a rule
// on one subject are one, the graver.
func (v *view) found(f Finding) {
	f.Rule = v.rule
	if f.Severity == 0 {
		f.Severity = v.rule.Severity
	}
	f.Place = v.places.of(f.At, f.Subject)
	f.Reason = v.reason(f.Subject)
	f.Fingerprint = fingerprint(v.rule.ID, v.policy.Service, f.Subject)
	for i := range v.findings {
		if known := &v.findings[i]; known.Fingerprint == f.Fingerprint {
			if f.Severity > known.Severity {
				*known = f
			}
			return
		}
	}
	v.findings = append(v.findings, f)
}

// reason is what the policy says under [why] about a subject, whose first word is the
// key of its reason.
func (v *view) reason(subject string) string {
	if v.Text == nil {
		return ""
	}
	key, _, _ := strings.Cut(subject, " ")
	return v.Text.File.Why[key]
}

// call records a finding about a system call, with the call that shows it.
func (v *view) call(name string, w *Witness, severity Severity, message string) {
	v.found(Finding{Subject: "seccomp." + name, Message: message, At: v.callAt(name), Witness: w, Severity: severity})
}

// callAt is what allows or kills a call, where the text is at hand.
func (v *view) callAt(name string) string {
	if v.Text == nil {
		return ""
	}
	if at, ok := v.Text.Rules.Kill[name]; ok {
		return at
	}
	return v.Text.Rules.Allow[name].At
}

// reach gives a call of name that is allowed and whose words are all in their sets, on
// any architecture of the policy.
func (v *view) reach(name string, where ...where) *Witness {
	for _, p := range v.programs {
		if w := p.reach(name, where...); w != nil {
			return w
		}
	}
	return nil
}

// anyAllowed gives the first of the calls that is allowed, whatever its arguments.
func (v *view) anyAllowed(names ...string) (string, *Witness) {
	for _, name := range names {
		if w := v.reach(name); w != nil {
			return name, w
		}
	}
	return "", nil
}

// holds reports whether the workload holds all of the capabilities of a mask.
func (v *view) holds(mask uint64) bool { return v.policy.Caps.Ambient&mask == mask }

// shares reports whether a namespace is the host's.
func (v *view) shares(flag uint64) bool { return v.policy.Namespaces.New&flag == 0 }

// numberOf is filter.Number as the words of a filter have it.
func numberOf(arch filter.Arch, name string) (uint32, bool) {
	nr, ok := filter.Number(arch, name)
	return uint32(nr), ok
}

// at is where a key of the policy stands, "default" where it does not, and "" where the
// text is not at hand.
func (v *view) at(key string) string {
	if v.Text == nil {
		return ""
	}
	p := v.Text.File.KeyPos(key)
	if p.Line == 0 {
		return "default"
	}
	return line(p)
}
