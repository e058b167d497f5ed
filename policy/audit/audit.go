package audit

import (
	"cmp"
	"crypto/ed25519"
	"slices"

	"casemate/internal/sealed"
	"casemate/policy/filter"
	"casemate/policy/syntax"

	"github.com/pelletier/go-toml/v2"
)

// Subject is one policy to be audited.
type Subject struct {
	Path   string // as it was named
	File   *sealed.File
	Sealed bool  // Path is the sealed file; else it is the text, and File was made of it
	Text   *Text // nil: not at hand
}

// Text is what a policy says it was compiled from, compiled again.
type Text struct {
	File   *syntax.File // with its bases merged in
	Rules  filter.Rules
	Policy *sealed.Policy
}

// Options of an audit.
type Options struct {
	Level                Level
	Today                toml.LocalDate // which waivers are judged by
	AllowCriticalWaivers bool
	Keys                 []ed25519.PublicKey // not nil: a signature by one of them is demanded
	Known                *Known              // nil: every finding counts
}

// Report is the outcome for one policy.
type Report struct {
	Subject    *Subject
	Findings   []Finding // the gravest first
	NotChecked []string  // ids of rules that could not be judged without the text
	Effective  Effective
}

// Audit judges one policy by all rules of a level. Rules outside the level are judged
// too, since a waiver may be about them, and left out of the report.
func Audit(s *Subject, o Options) *Report {
	v := newView(s, o)
	r := &Report{Subject: s, Effective: v.effective()}
	for _, rule := range rules {
		v.rule = rule
		switch {
		case rule.text && s.Text == nil:
			if rule.Level <= o.Level {
				r.NotChecked = append(r.NotChecked, rule.ID)
			}
		case rule.check != nil:
			rule.check(v)
		}
	}
	for _, f := range v.findings {
		if f.Rule.Level <= o.Level {
			f.Known = o.Known.has(&f)
			r.Findings = append(r.Findings, f)
		}
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	return r
}

// Worst is the greatest severity among the findings that count; 0 for none.
func (r *Report) Worst() Severity {
	worst := Severity(0)
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Counts() {
			worst = max(worst, f.Severity)
		}
	}
	return worst
}

// Unproved reports whether a filter is not what its rules declare. That is no matter of
// severity, waivers or earlier reports.
func (r *Report) Unproved() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Rule.ID == unprovedRule })
}

const unprovedRule = "SC-002"
