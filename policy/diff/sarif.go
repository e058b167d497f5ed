package diff

import (
	"crypto/sha256"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"casemate/policy/base"
	"casemate/policy/report"
)

// levels are how code scanning ranks a change: what fails the build is an error.
var levels = map[Order]report.Level{
	Behaviour: report.Note, Stricter: report.Note, Softened: report.Warning,
	Weaker: report.Error, Incomparable: report.Error, Unknown: report.Error,
}

// SARIF writes the changes as a log for code scanning, each at its line of the new policy;
// version is the tool's. A change is the same in every run, wherever its line is.
func (r *Report) SARIF(w io.Writer, version string) error {
	l := &report.Log{Command: "diff", Version: version, Properties: map[string]any{"old": r.Old, "new": r.New, "order": r.Order, "notes": r.Notes}}
	for _, dim := range r.Dimensions {
		l.Rules = append(l.Rules, report.Rule{
			ID: ruleID(dim.Name), Title: "Change of " + dim.Name, Level: report.Error, Tags: []string{dim.Name},
			Why: "The new policy differs from the old one in this respect.",
			Fix: "Undo what makes it weaker, or accept it by taking the new policy for the old one of the next comparison.",
		})
	}
	for i := range r.Changes {
		l.Results = append(l.Results, r.result(&r.Changes[i]))
	}
	return report.SARIF(w, l)
}

func ruleID(dimension string) string { return "DIFF-" + strings.ToUpper(dimension) }

func (r *Report) result(c *Change) report.Result {
	o := report.Result{
		Rule: ruleID(c.Dimension), Level: levels[c.Order], Message: r.Service + ": " + c.Line(), Place: r.place(c.NewAt),
		Fingerprint: c.fingerprint(r.Service), Properties: map[string]any{"order": c.Order, "subject": c.Subject},
	}
	if c.Witness != nil {
		o.Properties["witness"] = c.Witness
	}
	return o
}

// fingerprint leaves the lines out.
func (c *Change) fingerprint(service string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{c.Dimension, service, c.Subject, c.Order.String(), c.Old, c.New, c.When}, "\x00")))
	return fmt.Sprintf("%x", sum[:16])
}

// place finds the file of a place of the new policy: "nginx.toml:14", "dir/nginx.toml:14:3".
// A shipped base is no file, and what is gone is in none: both are put down to the policy.
func (r *Report) place(at string) report.Place {
	at, _, _ = strings.Cut(at, " ") // "nginx.toml:21 @io"
	words := strings.Split(at, ":")
	whole := report.Place{File: r.New}
	if _, shipped := base.Text(words[0]); shipped || len(words) < 2 {
		return whole
	}
	p := report.Place{File: words[0]}
	var err error
	if p.Line, err = strconv.Atoi(words[1]); err != nil || p.Line < 1 {
		return whole
	}
	if len(words) > 2 {
		if p.Col, err = strconv.Atoi(words[2]); err != nil {
			return whole
		}
	}
	if !strings.Contains(p.File, "/") { // a sealed policy keeps no directories; a base lies beside the policy
		p.File = path.Join(path.Dir(r.New), p.File)
	}
	return p
}
