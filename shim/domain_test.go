package main

import (
	"strings"
	"testing"

	"casemate/internal/exit"
	"casemate/internal/landlock"
	"casemate/internal/plan"
	"casemate/internal/sealed"
	"casemate/internal/sys"

	"golang.org/x/sys/unix"
)

// undone are launches whose Landlock domain is not in force, though each call has succeeded.
// No file of the kernel's would show it; the step behind does.
var undone = []unlike{
	{name: "domain not entered", domain: true, change: func(l *launched) { drop(l, "landlock_restrict_self(") }},
	{name: "domain with a rule too many", domain: true, change: func(l *launched) {
		const rule = "landlock_add_rule(ruleset, LANDLOCK_RULE_PATH_BENEATH, {EXECUTE|WRITE_FILE"
		add(l, `fsmount(fs, FSMOUNT_CLOEXEC, NOSUID|NODEV|NOEXEC) -> outside`, step(plan.Dup3, plan.Slot("outside"), plan.Num(10), plan.Num(unix.O_CLOEXEC)), l.plan.Steps[at(l, rule)])
	}},
}

func TestDomainThatIsNotInForce(t *testing.T) {
	needRoot(t)
	if abi, err := sys.LandlockABI(); err != nil || abi < landlock.Least {
		t.Skipf("needs Landlock, this kernel has ABI %d: %v", abi, err)
	}
	for _, u := range undone {
		t.Run(u.name, func(t *testing.T) {
			l := u.launching(t)
			if code := l.ends(t); code != exit.Step || !strings.Contains(l.err.String(), `(landlock): mkdirat(outside, "after", 0700) must be EACCES: it succeeded: what the row sets up is not in force`) {
				t.Errorf("%d: %s", code, l.err.String())
			}
			if strings.Contains(l.out.String(), mark) || strings.Contains(l.out.String(), "started") {
				t.Error("the workload has run")
			}
			l.left(t)
		})
	}
}

// everywhere lets a domain be, and denies nothing of a container's own.
var everywhere = sealed.Landlock{
	Files: sealed.FileRights, Scoped: sealed.ScopeRights, Beneath: []sealed.Beneath{{Path: "/", Allow: sealed.FileRights}},
}
