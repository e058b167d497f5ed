// Package report writes what a command of the tool has found in the forms that other
// programs read: JSON, and SARIF 2.1.0 (OASIS, Static Analysis Results Interchange
// Format) for code-scanning services and editors.
//
// It guards the interchange: places become URIs, results carry fingerprints that do not
// move with the lines, what is waived is suppressed and not left out. It judges
// nothing, sorts nothing, and imports the standard library only.
package report

import (
	"encoding/json"
	"io"
)

// JSON writes v indented, with its characters as they are.
func JSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// Level is how SARIF ranks a result.
type Level string

// The levels that are used here.
const (
	Note    Level = "note"
	Warning Level = "warning"
	Error   Level = "error"
)

// Place is a place in a file. Line and Col count from 1; 0 is unknown.
type Place struct {
	File      string `json:"file"`
	Line, Col int
}

// Rule is what a result is an instance of.
type Rule struct {
	ID, Title  string
	Why, Fix   string // sentences
	Level      Level  // of its results, where they do not say otherwise
	Severity   string // a number from 0.0 to 10.0 ("security-severity" of code scanning), or ""
	Tags       []string
	References []string
}

// Result is one finding.
type Result struct {
	Rule        string // the id of one of the rules
	Level       Level
	Message     string
	Place       Place
	Fingerprint string // the same for the same finding in every run
	Waived      *Waived
	Known       bool // an earlier run had it; only where Log.Compared
	Properties  map[string]any
}

// Waived says who accepts a result and why.
type Waived struct {
	Why   string
	Place Place
}

// Log is the outcome of one run of the tool.
type Log struct {
	Command    string // "audit"
	Version    string // of the tool
	Rules      []Rule
	Results    []Result
	Compared   bool // with an earlier run
	Properties map[string]any
}
