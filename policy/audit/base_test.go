package audit

import (
	"fmt"
	"testing"

	"casemate/policy/base"
)

// A policy of a shipped base, with its program and libraries mounted and nothing else,
// has no finding above low: what every sane policy has is none.
func TestBasesAreQuiet(t *testing.T) {
	for _, name := range base.Names() {
		s := compiled(t, fmt.Sprintf("policy = 1\nservice = \"x\"\nextends = [%q]\nexec.argv = [\"/usr/bin/x\"]\nmounts.bind = [{ from = \"/usr\", exec = true }]\n", name))
		r := audited(s)
		if r.Worst() > Low || len(r.Findings) > 3 {
			t.Errorf("%s: %s: %+v", name, r.Worst(), r.Findings)
		}
	}
}

// With a label and limits there is none at all.
func TestNothingToFind(t *testing.T) {
	s := compiled(t, "policy = 1\nservice = \"x\"\nextends = [\"base/minimal\"]\nexec.argv = [\"/usr/bin/x\"]\nmounts.bind = [{ from = \"/usr\", exec = true }]\n"+
		"lsm.apparmor.profile = \"x\"\ncgroup = { memory.max = \"16M\", pids.max = 8 }\n")
	if r := audited(s); len(r.Findings) != 0 || len(r.NotChecked) != 0 {
		t.Errorf("%+v", r)
	}
}
