package report

import (
	"io"
	"net/url"
	"path/filepath"
	"strings"
)

// sarifSchema is where the standard publishes the schema of this version.
const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// Names as in the standard; what is not used here is left out.
type (
	object = map[string]any
	list   = []any
)

// SARIF writes a log of one run.
func SARIF(w io.Writer, l *Log) error {
	index := map[string]int{}
	rules := make(list, len(l.Rules))
	for i := range l.Rules {
		index[l.Rules[i].ID] = i
		rules[i] = l.Rules[i].sarif()
	}
	results := make(list, len(l.Results))
	for i := range l.Results {
		results[i] = l.Results[i].sarif(index, l)
	}
	run := object{
		"tool": object{"driver": object{
			"name": "casemate", "version": l.Version, "rules": rules,
			"fullName": "casemate " + l.Command,
		}},
		"automationDetails": object{"id": "casemate/" + l.Command + "/"},
		"columnKind":        "unicodeCodePoints",
		"results":           results,
	}
	if len(l.Properties) > 0 {
		run["properties"] = l.Properties
	}
	return JSON(w, object{"$schema": sarifSchema, "version": "2.1.0", "runs": list{run}})
}

func text(s string) object { return object{"text": s} }

func (r *Rule) sarif() object {
	help := r.Fix
	if len(r.References) > 0 {
		help += "\n\nSee: " + strings.Join(r.References, "; ")
	}
	properties := object{"tags": append([]string{"security"}, r.Tags...)}
	if r.Severity != "" {
		properties["security-severity"] = r.Severity
	}
	return object{
		"id": r.ID, "shortDescription": text(r.Title), "fullDescription": text(r.Why), "help": text(help),
		"defaultConfiguration": object{"level": r.Level}, "properties": properties,
	}
}

func (r *Result) sarif(index map[string]int, l *Log) object {
	o := object{
		"ruleId": r.Rule, "ruleIndex": index[r.Rule], "level": r.Level, "message": text(r.Message),
		"locations":           list{object{"physicalLocation": r.Place.sarif()}},
		"partialFingerprints": object{"casemate/v1": r.Fingerprint},
		"suppressions":        list{}, // empty: looked for, and none
	}
	if r.Waived != nil {
		o["suppressions"] = list{object{
			"kind": "inSource", "status": "accepted", "justification": r.Waived.Why,
			"location": object{"physicalLocation": r.Waived.Place.sarif()},
		}}
	}
	if l.Compared {
		o["baselineState"] = map[bool]string{true: "unchanged", false: "new"}[r.Known]
	}
	if len(r.Properties) > 0 {
		o["properties"] = r.Properties
	}
	return o
}

func (p Place) sarif() object {
	o := object{"artifactLocation": object{"uri": uri(p.File)}}
	if p.Line > 0 {
		region := object{"startLine": p.Line}
		if p.Col > 0 {
			region["startColumn"] = p.Col
		}
		o["region"] = region
	}
	return o
}

// uri is a relative reference for a relative path, so that a log means the same in
// every checkout.
func uri(path string) string {
	u := url.URL{Path: filepath.ToSlash(filepath.Clean(path))}
	if filepath.IsAbs(path) {
		u.Scheme = "file"
	}
	return u.String()
}
