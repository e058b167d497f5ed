package launch

import (
	"fmt"
	"slices"
	"strings"

	"casemate/internal/facts"
	"casemate/internal/landlock"
	"casemate/internal/plan"
	"casemate/internal/sealed"
)

// domainShown: a domain that the kernel can make is made of all its rules, entered once,
// and shown to be in force right after; where it cannot, nothing of it is there.
func domainShown(p *plan.Plan, policy *sealed.Policy, f *facts.Facts) error {
	l := &policy.LSM.Landlock
	d, lost := landlock.At(l, f.Landlock)
	enters := ops(p, plan.LandlockRestrictSelf)
	if missing := len(lost) != 0 || d.None() && !l.None(); missing != (len(p.Lacks) > 0 && slices.ContainsFunc(p.Lacks, isLandlock)) {
		return fmt.Errorf("lacks %q, and %v is left out", p.Lacks, lost)
	}
	if d.None() {
		if n := len(enters) + len(ops(p, plan.LandlockCreateRuleset)) + len(ops(p, plan.LandlockAddRule)); n != 0 {
			return fmt.Errorf("%d steps for nothing", n)
		}
		return nil
	}
	want := 0
	for _, port := range l.Ports {
		if port.Allow&d.Net != 0 {
			want++
		}
	}
	if d.Files != 0 {
		want++ // for init
		for _, b := range l.Beneath {
			if b.Allow&d.Files != 0 {
				want++
			}
		}
	}
	if got := len(ops(p, plan.LandlockAddRule)); got != want || len(enters) != 1 {
		return fmt.Errorf("%d rules, not %d; entered %d times", got, want, len(enters))
	}
	for _, n := range ops(p, plan.Dup3) {
		s, rule := p.Steps[n], p.Steps[n+1]
		if s.Row != "landlock rules" {
			continue
		}
		// The descriptors below are the ruleset, the root and the first path.
		if s.Args[0].Text != p.Steps[n-1].Save || s.Args[1].Int != lowestFree(p)+3 || rule.Op != plan.LandlockAddRule || len(rule.Args[2].Data) != 12 || uint64(rule.Args[2].Data[8]) != lowestFree(p)+3 {
			return fmt.Errorf("step %d, %s, then %s", n, s, rule)
		}
	}
	if shown := p.Steps[enters[0]+1].Must == "EACCES"; shown != (d.Files != 0) {
		return fmt.Errorf("after it comes %s", p.Steps[enters[0]+1])
	}
	return nil
}

func isLandlock(lack string) bool { return strings.Contains(lack, ": Landlock ") }
