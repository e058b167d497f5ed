package audit

import (
	"cmp"
	"fmt"
	"strings"

	"casemate/policy/report"
	"casemate/policy/syntax"

	"github.com/pelletier/go-toml/v2"
)

// Waiver accepts findings of a rule for a time.
type Waiver struct {
	Rule, Subject, Why string // Subject "" is every finding of the rule
	Until              toml.LocalDate
	At                 string
	Place              report.Place
	base               bool // of a base, which other policies extend too
}

// waivers reads those of the text.
func (v *view) waivers() []*Waiver {
	f := v.Text.File
	var list []*Waiver
	for i, w := range f.Waive {
		p := f.Pos("waive", i, "rule")
		one := &Waiver{Rule: w.Rule, Why: w.Why, Until: *w.Until, At: line(p), base: p.File != v.places.file}
		one.Place = v.places.of(one.At, " "+w.Rule)
		if w.Subject != nil {
			one.Subject = *w.Subject
		}
		list = append(list, one)
	}
	return list
}

// badWaivers applies the waivers to the findings of all other rules and complains of
// those that are no good. Its rule is the last one that has a check.
func badWaivers(v *view) {
	for _, w := range v.waivers() {
		if fault := v.waive(w); fault != "" {
			v.found(Finding{Subject: strings.TrimSpace("waive " + w.Rule + " " + w.Subject), At: w.At, Message: fault})
		}
	}
}

// waive applies one waiver and says what is wrong with it.
func (v *view) waive(w *Waiver) string {
	switch rule := FindRule(w.Rule); {
	case rule == nil:
		return fmt.Sprintf("the waiver of %s names no rule%s", w.Rule, near(w.Rule))
	case rule.ID == unprovedRule || rule == v.rule:
		return fmt.Sprintf("%s cannot be waived", w.Rule)
	case !syntax.Sentence(w.Why):
		return fmt.Sprintf("the waiver of %s has no sentence for a reason: %q", w.Rule, w.Why)
	case after(v.options.Today, w.Until):
		return fmt.Sprintf("the waiver of %s has expired on %s", w.Rule, w.Until)
	}
	if !v.accept(w) && !w.base {
		return fmt.Sprintf("the waiver of %s matches no finding%s", strings.TrimSpace(w.Rule+" "+w.Subject), v.subjects(w))
	}
	return ""
}

// accept marks the findings that a waiver is about and reports whether there are any.
func (v *view) accept(w *Waiver) bool {
	matched := false
	for i := range v.findings {
		f := &v.findings[i]
		if f.Rule.ID != w.Rule || w.Subject != "" && f.Subject != w.Subject {
			continue
		}
		matched = true
		if f.Severity == Critical && !v.options.AllowCriticalWaivers {
			f.Message += fmt.Sprintf(" (the waiver at %s is not taken: a critical finding needs --allow-critical-waivers)", w.At)
		} else if f.Waived == nil {
			f.Waived = w
		}
	}
	return matched
}

// subjects says what findings of the rule there are, for a waiver that names another.
func (v *view) subjects(w *Waiver) string {
	var list []string
	for i := range v.findings {
		if f := &v.findings[i]; f.Rule.ID == w.Rule {
			list = append(list, fmt.Sprintf("%q", f.Subject))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "; there are " + listed(list)
}

// near gives the rule that was meant.
func near(id string) string {
	var ids []string
	for _, r := range rules {
		ids = append(ids, r.ID)
	}
	if hint := syntax.DidYouMean(id, ids); hint != "" {
		return "; " + hint
	}
	return ""
}

// after compares days.
func after(a, b toml.LocalDate) bool {
	return cmp.Or(cmp.Compare(a.Year, b.Year), cmp.Compare(a.Month, b.Month), cmp.Compare(a.Day, b.Day)) > 0
}
