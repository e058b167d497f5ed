package launch

import (
	"strings"
	"testing"

	"casemate/internal/facts"
	"casemate/internal/plan"
	"casemate/internal/sealed"
)

// A generated profile is the parent's to load, wherever the label is asked for, and need
// not be there before.
func TestProfileIsLoaded(t *testing.T) {
	p := withoutSELinux(full())
	p.LSM.AppArmor.Text = "casemate-" + p.Service
	p.LSM.Profile = sealed.Profile{Binaries: []sealed.Binary{{ABI: "3.0", Bytes: []byte("profile")}}}
	f := recorded(t, "debian12-apparmor")
	got, err := Lower(p, f)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := plan.Print(&text, got, Reasons()); err != nil || !strings.Contains(text.String(), "profile casemate-full for AppArmor, 7 bytes of abi 3.0") {
		t.Errorf("%v, %+v in\n%.600s", err, got.Profile, text.String())
	}
	f.AppArmor, f.Landlock, f.Process.MemFDNoExec = facts.AppArmor{}, 7, true
	if _, err := Lower(p, f); err == nil {
		t.Error("the host has no AppArmor")
	}
	p.LSM.AppArmor.Require = false
	if got, err = Lower(p, f); err != nil || got.Profile.Name != "" || len(got.Lacks) != 1 {
		t.Errorf("%v, %+v, lacks %q", err, got.Profile, got.Lacks)
	}
	p.LSM.AppArmor.Require, f.AppArmor = true, recorded(t, "debian12-apparmor").AppArmor
	f.AppArmor.Features = f.AppArmor.Features[1:]
	if _, err := Lower(p, f); err == nil || !strings.Contains(err.Error(), "does not know caps") {
		t.Error(err)
	}
}
