package audit

import (
	"io"

	"casemate/policy/report"
)

// sarifLevels and scores are how code scanning ranks severities; the scores lie within
// the bounds that it publishes for the four words.
var (
	sarifLevels = map[Severity]report.Level{Low: report.Note, Medium: report.Warning, High: report.Error, Critical: report.Error}
	scores      = map[Severity]string{Low: "3.0", Medium: "5.5", High: "8.0", Critical: "9.5"}
)

// WriteSARIF writes the reports of a run as one SARIF log.
func WriteSARIF(w io.Writer, run *Run) error {
	l := &report.Log{Command: "audit", Version: run.Version, Compared: run.Options.Known != nil,
		Properties: map[string]any{"level": run.Options.Level, "failOn": run.FailOn, "today": run.Options.Today.String()}}
	for _, r := range rules {
		l.Rules = append(l.Rules, report.Rule{ID: r.ID, Title: r.Title, Why: r.Why, Fix: r.Fix, Level: sarifLevels[r.Severity],
			Severity: scores[r.Severity], Tags: []string{r.Dimension()}, References: r.References})
	}
	for _, r := range run.Reports {
		for i := range r.Findings {
			l.Results = append(l.Results, r.Findings[i].result(r))
		}
	}
	return report.SARIF(w, l)
}

func (f *Finding) result(r *Report) report.Result {
	service := r.Subject.File.Policy.Service
	o := report.Result{Rule: f.Rule.ID, Level: sarifLevels[f.Severity], Message: service + ": " + f.Message,
		Place: f.Place, Fingerprint: f.Fingerprint, Known: f.Known,
		Properties: map[string]any{"subject": f.Subject, "service": service, "severity": f.Severity}}
	if f.At != "" {
		o.Properties["at"] = f.At
	}
	if f.Witness != nil {
		o.Properties["witness"] = f.Witness.document()
	}
	if w := f.Waived; w != nil {
		o.Waived = &report.Waived{Why: w.Why + " (until " + w.Until.String() + ")", Place: w.Place}
	}
	return o
}
