package launch

import (
	"bytes"
	"flag"
	"testing"

	"casemate/internal/plan"
	"casemate/internal/sealed"
	"casemate/tests/lab"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// A plan in full. A change of a flag, of a step, of an order shows here as a difference
// that a person reads before it is committed.
func TestGolden(t *testing.T) {
	for _, c := range []struct {
		name, facts string
		policy      *sealed.Policy
	}{
		{"minimal", "debian12-selinux", minimal()},
		{"minimal-arm64", "arm64", minimal()},
		{"landlock-arm64", "arm64", domain()},
		{"full-apparmor", "debian12-apparmor", full()},
		{"full-selinux", "debian12-selinux", withoutAppArmor(full())},
		{"host-root", "debian12-apparmor", hostRoot()},
		{"image", "debian12-apparmor", inImage()},
		{"shared", "debian12-apparmor", shared()},
		{"managed", "debian12-apparmor", managed()},
		{"mapped", "debian12-apparmor", mapped()},
	} {
		t.Run(c.name, func(t *testing.T) {
			host := recorded(t, c.facts)
			host.Manager = Obliging(c.policy)
			p, err := Lower(c.policy, host)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := plan.Print(&got, p, Reasons()); err != nil {
				t.Fatal(err)
			}
			lab.Golden(t, *update, "testdata/"+c.name+".golden", got.String())
		})
	}
}

// domain has the full one's Landlock, and what a process gives up.
func domain() *sealed.Policy {
	p := minimal()
	p.LSM.Landlock = full().LSM.Landlock
	p.Exec.Memory, p.Exec.Core, p.Exec.Spec = sealed.Memory{MDWE: true, MemFD: sealed.MemFDNoExec}, true, sealed.SpecStoreBypass
	return p
}

// withoutAppArmor prefers the profile, on a host that has SELinux.
func withoutAppArmor(p *sealed.Policy) *sealed.Policy {
	p.LSM.AppArmor.Require = false
	return p
}

// The same policy and facts give the same plan, byte for byte.
func TestLowerIsDeterministic(t *testing.T) {
	text := func() string {
		p, err := Lower(full(), recorded(t, "debian12-apparmor"))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		plan.Print(&b, p, Reasons())
		return b.String()
	}
	if first := text(); first != text() {
		t.Error("two plans of one policy differ")
	}
}
