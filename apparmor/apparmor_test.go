package apparmor

import (
	"strings"
	"testing"

	"casemate/internal/facts"
)

func TestLack(t *testing.T) {
	loaded := []string{"web", "web//child"}
	for _, c := range []struct {
		profile, want string
		facts         facts.AppArmor
	}{
		{"web", "", facts.AppArmor{Enabled: true, Known: true, Profiles: loaded}},
		{"web//child", "", facts.AppArmor{Enabled: true, Known: true, Profiles: loaded}},
		{"web", "", facts.AppArmor{Enabled: true}}, // the write decides
		{"we", "is not loaded", facts.AppArmor{Enabled: true, Known: true, Profiles: loaded}},
		{"web", "is not loaded", facts.AppArmor{Enabled: true, Known: true}},
		{"web", "AppArmor is not active", facts.AppArmor{Known: true, Profiles: loaded}},
		{"web", "CONFIG_SECURITY_APPARMOR", facts.AppArmor{}},
	} {
		if got := Lack(c.profile, c.facts); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s with %+v: %q", c.profile, c.facts, got)
		}
	}
}

func TestExecText(t *testing.T) {
	if ExecText("web//child") != "exec web//child" || ExecFile != "attr/apparmor/exec" {
		t.Error(ExecText("web//child"), ExecFile)
	}
}
