package audit

import (
	"slices"
	"strings"
)

// Rule is one thing that the audit looks for. Its id never changes its meaning: waivers
// and reports of years ago name it.
type Rule struct {
	ID         string
	Severity   Severity // the greatest that its findings have
	Level      Level    // the first level that has it
	Title      string   // one line, what is wrong
	Why        string   // a sentence or two, what somebody gains
	Fix        string   // what to write instead
	References []string

	// Cannot says why no policy of this version can be found to have it. Such a rule
	// has no check; every other rule has one.
	Cannot string

	text  bool // the check needs the text
	check func(*view)
}

// dimensions by the first part of a rule's id.
var dimensions = map[string]string{
	"SC": "seccomp", "CAP": "capabilities", "FS": "files", "NS": "namespaces", "LSM": "lsm", "PRC": "process",
	"CG": "cgroup", "SEAL": "sealing", "WV": "waivers", "LRN": "learning",
}

// Dimension is the part of a policy that the rule is about.
func (r *Rule) Dimension() string {
	prefix, _, _ := strings.Cut(r.ID, "-")
	return dimensions[prefix]
}

// rules is THE table, in the order of its ids by dimension. It is put together in init,
// since a check looks rules up.
var rules []*Rule

func init() {
	rules = slices.Concat(seccompRules, seccompCallRules, seccompFilterRules, capabilityRules, fileRules, confinementRules, sealingRules)
	for _, r := range rules {
		if r.Level == 0 {
			r.Level = ImmutableHost
		}
	}
}

// FindRule gives a rule by its id; nil for none.
func FindRule(id string) *Rule {
	for _, r := range rules {
		if r.ID == id {
			return r
		}
	}
	return nil
}
