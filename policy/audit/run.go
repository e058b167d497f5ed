package audit

// Run is one call of the audit: one or more policies under the same options.
type Run struct {
	Reports []*Report
	Options Options
	FailOn  Severity
	Version string // of the tool
}

// Summary counts the findings of all policies.
func (r *Run) Summary() Summary {
	var s Summary
	for _, report := range r.Reports {
		report.count(&s)
	}
	return s
}

func (r *Report) count(s *Summary) {
	for i := range r.Findings {
		switch f := &r.Findings[i]; {
		case f.Waived != nil:
			s.Waived++
		case f.Known:
			s.Known++
		default:
			*s.of(f.Severity)++
		}
	}
}

// of is the counter of a severity.
func (s *Summary) of(severity Severity) *int {
	return [...]*int{Low: &s.Low, Medium: &s.Medium, High: &s.High, Critical: &s.Critical}[severity]
}

// Failed reports whether a finding that counts is at or above the bound of the run.
func (r *Run) Failed() bool {
	for _, report := range r.Reports {
		if report.Worst() >= r.FailOn {
			return true
		}
	}
	return false
}

// Unproved reports whether a filter of any policy is not what its rules declare.
func (r *Run) Unproved() bool {
	for _, report := range r.Reports {
		if report.Unproved() {
			return true
		}
	}
	return false
}
