package audit

import (
	"encoding/hex"
	"fmt"
	"io"

	"casemate/policy/filter"
	"casemate/policy/report"
)

// The JSON form; docs/audit-v1.schema.json describes it. A field that changes its
// meaning is a new version.
const (
	documentFormat  = "casemate-audit"
	documentVersion = 1
)

// Document is the JSON form of an audit of one or more policies.
type Document struct {
	Format   string            `json:"format"`
	Version  int               `json:"version"`
	Tool     string            `json:"tool"`
	Level    string            `json:"level"`
	FailOn   Severity          `json:"fail_on"`
	Today    string            `json:"today"`
	Summary  Summary           `json:"summary"`
	Policies []PolicyDocument  `json:"policies"`
	Findings []FindingDocument `json:"findings"`
}

// Summary counts findings: by severity those that count, and those that do not.
type Summary struct {
	Critical int `json:"critical"`
	High     int `json:"high"`
	Medium   int `json:"medium"`
	Low      int `json:"low"`
	Waived   int `json:"waived"`
	Known    int `json:"known"`
}

// PolicyDocument is one policy that was audited.
type PolicyDocument struct {
	Path       string    `json:"path"`
	Service    string    `json:"service"`
	Digest     string    `json:"digest"`
	Sealed     bool      `json:"sealed"` // path is a sealed file
	Text       bool      `json:"text"`   // the text was at hand
	NotChecked []string  `json:"not_checked"`
	Effective  Effective `json:"effective"`
}

// FindingDocument is one finding.
type FindingDocument struct {
	Rule        string           `json:"rule"`
	Severity    Severity         `json:"severity"`
	Dimension   string           `json:"dimension"`
	Title       string           `json:"title"`
	Why         string           `json:"why"`
	Message     string           `json:"message"`
	Fix         string           `json:"fix"`
	References  []string         `json:"references"`
	Policy      string           `json:"policy"` // path of the policy
	Service     string           `json:"service"`
	Subject     string           `json:"subject"`
	Reason      string           `json:"reason,omitempty"` // the policy's own, of [why]
	Location    Location         `json:"location"`
	At          string           `json:"at"` // as the sealed policy has it
	Witness     *WitnessDocument `json:"witness,omitempty"`
	Fingerprint string           `json:"fingerprint"`
	Waived      *WaivedDocument  `json:"waived,omitempty"`
	Known       bool             `json:"known"`
}

// Location is a place in a file; line and column count from 1, 0 is unknown.
type Location struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// WitnessDocument is a call that shows a finding.
type WitnessDocument struct {
	Arch    string    `json:"arch"` // of the filter
	Audit   string    `json:"audit_arch"`
	Number  uint32    `json:"nr"`
	Syscall string    `json:"syscall,omitempty"`
	Args    [6]string `json:"args"`
	Verdict string    `json:"verdict"`
}

// WaivedDocument is the waiver of a finding.
type WaivedDocument struct {
	Why   string `json:"why"`
	Until string `json:"until"`
	At    string `json:"at"`
}

// WriteJSON writes the reports of a run.
func WriteJSON(w io.Writer, run *Run) error {
	d := Document{Format: documentFormat, Version: documentVersion, Tool: "casemate " + run.Version, Level: run.Options.Level.String(),
		FailOn: run.FailOn, Today: run.Options.Today.String(), Summary: run.Summary(), Policies: []PolicyDocument{}, Findings: []FindingDocument{}}
	for _, r := range run.Reports {
		d.Policies = append(d.Policies, r.document())
		for i := range r.Findings {
			d.Findings = append(d.Findings, r.Findings[i].document(r))
		}
	}
	return report.JSON(w, d)
}

func (r *Report) document() PolicyDocument {
	s := r.Subject
	d := PolicyDocument{Path: s.Path, Service: s.File.Policy.Service, Digest: "sha256:" + hex.EncodeToString(s.File.Digest[:]),
		Sealed: s.Sealed, Text: s.Text != nil, NotChecked: []string{}, Effective: r.Effective}
	d.NotChecked = append(d.NotChecked, r.NotChecked...)
	return d
}

func (f *Finding) document(r *Report) FindingDocument {
	d := FindingDocument{Rule: f.Rule.ID, Severity: f.Severity, Dimension: f.Rule.Dimension(), Title: f.Rule.Title, Why: f.Rule.Why,
		Message: f.Message, Fix: f.Rule.Fix, References: []string{}, Policy: r.Subject.Path, Service: r.Subject.File.Policy.Service,
		Subject: f.Subject, Reason: f.Reason, Location: Location{f.Place.File, f.Place.Line, f.Place.Col}, At: f.At,
		Fingerprint: f.Fingerprint, Known: f.Known}
	d.References = append(d.References, f.Rule.References...)
	if f.Witness != nil {
		d.Witness = f.Witness.document()
	}
	if w := f.Waived; w != nil {
		d.Waived = &WaivedDocument{w.Why, w.Until.String(), w.At}
	}
	return d
}

func (w *Witness) document() *WitnessDocument {
	d := &WitnessDocument{Arch: string(w.Arch), Audit: fmt.Sprintf("%#x", w.Call.Arch), Number: w.Call.NR, Syscall: w.name(), Verdict: w.Verdict.String()}
	for i, a := range w.Call.Args {
		d.Args[i] = fmt.Sprintf("%#x", a)
	}
	return d
}

// name is that of the call, where it is one of the filter's own architecture.
func (w *Witness) name() string {
	if w.Call.Arch != w.Arch.AuditArch() {
		return ""
	}
	name, _ := filter.Name(w.Arch, int(w.Call.NR))
	return name
}
