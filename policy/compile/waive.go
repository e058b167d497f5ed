package compile

import (
	"regexp"

	"casemate/policy/syntax"
)

var ruleID = regexp.MustCompile(`^[A-Z]{2,4}-[0-9]{3}$`)

// waivers checks the form of accepted findings. They grant nothing and are not sealed:
// whether one is expired, has a reason or matches a finding is for the audit to say,
// which knows the rules and the day.
func (c *compiler) waivers() {
	first := map[string]syntax.Position{}
	for i, w := range c.file.Waive {
		p := c.file.Pos("waive", i, "rule")
		if !ruleID.MatchString(w.Rule) {
			c.fail(p, w.Rule, "they look like NS-002", "not the id of a rule")
		}
		key := w.Rule + " " + given(w.Subject, "")
		if at, twice := first[key]; twice {
			c.fail(p, w.Rule, "", "waived twice, first at %s", at)
		}
		first[key] = p
	}
}
