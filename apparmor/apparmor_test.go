package apparmor

import (
	"strings"
	"testing"

	"casemate/internal/facts"
)

var (
	features = facts.AppArmorFeatures[:]
	loaded   = []string{"web", "web//child"}
)

func TestLack(t *testing.T) {
	for _, c := range []struct {
		profile string
		sealed  bool
		want    string
		facts   facts.AppArmor
	}{
		{"web", false, "", facts.AppArmor{Enabled: true, Mode: "enforce", Known: true, Profiles: loaded}},
		{"web//child", false, "", facts.AppArmor{Enabled: true, Mode: "enforce", Known: true, Profiles: loaded, Own: Unconfined}},
		{"web", false, "", facts.AppArmor{Enabled: true, Mode: "enforce"}}, // the write decides
		{"we", false, "is not loaded", facts.AppArmor{Enabled: true, Mode: "enforce", Known: true, Profiles: loaded}},
		{"web", false, "is not loaded", facts.AppArmor{Enabled: true, Mode: "enforce", Known: true}},
		{"web", false, "AppArmor is not active", facts.AppArmor{Mode: "enforce", Known: true, Profiles: loaded}},
		{"web", false, "CONFIG_SECURITY_APPARMOR", facts.AppArmor{}},
		{"web", false, "in complain mode", facts.AppArmor{Enabled: true, Mode: "complain", Known: true, Profiles: loaded}},
		{"web", false, "in an unknown mode", facts.AppArmor{Enabled: true, Known: true, Profiles: loaded}},
		{"web", false, "", facts.AppArmor{Enabled: true, Mode: "enforce", Own: "casemate-shim (enforce)"}},
		{"web", false, "does not enforce", facts.AppArmor{Enabled: true, Mode: "enforce", Own: "casemate-shim (complain)"}},
		{"web", false, "does not enforce", facts.AppArmor{Enabled: true, Mode: "enforce", Own: "unreadable"}},
		{Unconfined, false, `"unconfined" is no profile`, facts.AppArmor{Enabled: true, Mode: "enforce"}},
		{ShimProfile, false, `"casemate-shim" is no profile`, facts.AppArmor{Enabled: true, Mode: "enforce", Known: true, Profiles: []string{ShimProfile}}},
		{ShimProfile, true, `"casemate-shim" is no profile`, facts.AppArmor{Enabled: true, Mode: "enforce", Features: features}},
		{"new", true, "", facts.AppArmor{Enabled: true, Mode: "enforce", Known: true, Features: features}},
		{"new", true, "is securityfs mounted", facts.AppArmor{Enabled: true, Mode: "enforce", Known: true}},
		{"new", true, "does not know caps", facts.AppArmor{Enabled: true, Mode: "enforce", Features: features[1:]}},
		{"new", true, "does not know signal", facts.AppArmor{Enabled: true, Mode: "enforce", Features: features[:len(features)-1]}},
	} {
		if got := Lack(c.profile, c.sealed, c.facts); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s with %+v: %q", c.profile, c.facts, got)
		}
	}
}

func TestExecText(t *testing.T) {
	for own, want := range map[string][2]string{
		"":                        {"exec web//child", "web//child (enforce)"},
		Unconfined:                {"exec web//child", "web//child (enforce)"},
		"casemate-shim (enforce)": {"stack web//child", "casemate-shim//&web//child (enforce)"},
		"zzz (enforce)":           {"stack web//child", "web//child//&zzz (enforce)"},
		"a//&zzz (enforce)":       {"stack web//child", "a//&web//child//&zzz (enforce)"},
		"web//child (enforce)":    {"stack web//child", "web//child (enforce)"},
	} {
		f := facts.AppArmor{Own: own}
		if got := [2]string{ExecText("web//child", f), Expected("web//child", f)}; got != want || ExecFile != "attr/apparmor/exec" {
			t.Errorf("from %q: %q", own, got)
		}
	}
}

func TestReservedName(t *testing.T) {
	if !IsReserved("shim") || IsReserved("web") || ProfileName("web") != "casemate-web" {
		t.Error("the shim's own profile is a service's, or no service's is")
	}
}
