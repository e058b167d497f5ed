package audit

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"casemate/policy/filter"
	"casemate/policy/region"
)

// WriteText writes the reports of a run for a person: the gravest first, each rule's reason
// and remedy once below its findings, then a table of what each policy grants.
func WriteText(w io.Writer, run *Run) error {
	out := bufio.NewWriter(w)
	for s := Critical; s >= Low; s-- {
		group(out, s.String(), run, func(f *Finding) bool { return f.Counts() && f.Severity == s })
	}
	group(out, "known from the earlier report", run, func(f *Finding) bool { return f.Waived == nil && f.Known })
	waived(out, run)
	notChecked(out, run)
	if err := table(out, run); err != nil {
		return err
	}
	fmt.Fprintln(out, verdict(run))
	return out.Flush()
}

// entry is a finding with the report that it is of.
type entry struct {
	*Finding
	report *Report
}

// chosen lists findings, rule by rule.
func chosen(run *Run, want func(*Finding) bool) []entry {
	var list []entry
	for _, r := range run.Reports {
		for i := range r.Findings {
			if f := &r.Findings[i]; want(f) {
				list = append(list, entry{f, r})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b entry) int { return slices.Index(rules, a.Rule) - slices.Index(rules, b.Rule) })
	return list
}

// group writes the findings of one heading.
func group(out io.Writer, title string, run *Run, want func(*Finding) bool) {
	list := chosen(run, want)
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(out, "%s\n", strings.ToUpper(title))
	for i, e := range list {
		fmt.Fprintf(out, "  %s: %s %s: %s%s\n", e.where(), e.Rule.ID, e.Subject, e.Message, e.from())
		if e.Reason != "" {
			fmt.Fprintf(out, "      its reason: %s\n", e.Reason)
		}
		if e.Witness != nil && !e.Witness.plain() {
			fmt.Fprintf(out, "      shown by: %s\n", e.Witness)
		}
		if i == len(list)-1 || list[i+1].Rule != e.Rule {
			fmt.Fprintf(out, "    why: %s\n    fix: %s\n", e.Rule.Why, e.Rule.Fix)
		}
	}
	fmt.Fprintln(out)
}

// where is the place in the form that editors jump to.
func (f *Finding) where() string {
	s := f.Place.File
	if f.Place.Line > 0 {
		s += fmt.Sprintf(":%d", f.Place.Line)
	}
	if f.Place.Col > 0 {
		s += fmt.Sprintf(":%d", f.Place.Col)
	}
	return s
}

// from adds where a sealed policy says that it comes from, where the place is another.
func (f *Finding) from() string {
	if f.At == "" || f.At == "default" || f.Place.Line > 0 && !strings.HasPrefix(f.At, "base/") {
		return ""
	}
	return " (" + f.At + ")"
}

// plain reports whether the call shows nothing that its name does not.
func (w *Witness) plain() bool { return w.name() != "" && w.Call.Args == [filter.MaxArgs]uint64{} }

// String is a call, what is said to it, and under which filter.
func (w *Witness) String() string {
	call := region.Call(w.Arch, w.Call)
	if w.Call.Arch != w.Arch.AuditArch() {
		call = fmt.Sprintf("number %#x of architecture %#x", w.Call.NR, w.Call.Arch)
	}
	return fmt.Sprintf("%s = %s, filter for %s", call, w.Verdict, w.Arch)
}

func waived(out io.Writer, run *Run) {
	list := chosen(run, func(f *Finding) bool { return f.Waived != nil })
	if len(list) == 0 {
		return
	}
	fmt.Fprintln(out, "WAIVED")
	for _, e := range list {
		fmt.Fprintf(out, "  %s: %s %s (%s): %s\n      until %s: %s\n", e.where(), e.Rule.ID, e.Subject, e.Severity, e.Message, e.Waived.Until, e.Waived.Why)
	}
	fmt.Fprintln(out)
}

func notChecked(out io.Writer, run *Run) {
	var paths, ids []string
	for _, r := range run.Reports {
		if len(r.NotChecked) > 0 {
			paths, ids = append(paths, r.Subject.Path), r.NotChecked
		}
	}
	if len(paths) > 0 {
		fmt.Fprintf(out, "Without the text (--text), waivers are not seen, filters not proved against their rules, and %s not judged: %s\n\n", listed(ids), listed(paths))
	}
}

// table sums the policies up.
func table(out io.Writer, run *Run) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "policy\tcritical\thigh\tmedium\tlow\twaived\tknown\tgrants")
	for _, r := range run.Reports {
		var s Summary
		r.count(&s)
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", r.Subject.Path, s.Critical, s.High, s.Medium, s.Low, s.Waived, s.Known, r.Effective.text())
	}
	return t.Flush()
}

// text is the grants in one line.
func (e *Effective) text() string {
	parts := []string{fmt.Sprintf("uid %d", e.UID)}
	for _, l := range []struct {
		word string
		list []string
	}{{"holds", e.Capabilities}, {"shares", e.Shared}, {"writes", e.Writable}, {"labelled", e.Labels}} {
		if len(l.list) > 0 {
			parts = append(parts, l.word+" "+strings.Join(l.list, " "))
		}
	}
	for _, arch := range []string{"amd64", "arm64"} {
		if n, ok := e.Calls[arch]; ok {
			parts = append(parts, fmt.Sprintf("%d calls of %s", n, arch))
		}
	}
	return strings.Join(parts, "; ")
}

// verdict is the last line.
func verdict(run *Run) string {
	switch {
	case run.Unproved():
		return "\nA filter is not what its rules declare."
	case run.Failed():
		return fmt.Sprintf("\nFindings at or above %s.", run.FailOn)
	}
	return fmt.Sprintf("\nNothing at or above %s.", run.FailOn)
}
