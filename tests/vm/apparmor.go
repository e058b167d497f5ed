package vm

import (
	"path/filepath"
	"regexp"
)

// refusedByAppArmor are denials that its tests are about: labels that a shell asks for in the
// shim's profile, init without a label of its own, a clock.
var refusedByAppArmor = regexp.MustCompile(`operation="(change|stack)_onexec" .*comm="sh"|operation="exec" profile="casemate-shim" name="/" |comm="casemate-shim" .*capname="sys_time"`)

// appArmor is the rung with AppArmor enforcing: the tests of confinement once more, each
// under a generated profile, and those of AppArmor itself. The parser is there because
// the tests compile their policies in the guest.
func appArmor(i *image) error {
	tests, err := directory()
	if err != nil {
		return err
	}
	if err := i.copy(filepath.Join(tests, "../dist/apparmor/casemate-shim"), "casemate/dist/apparmor/casemate-shim"); err != nil {
		return err
	}
	// Where the profiles expect it.
	i.put("usr/lib/casemate/casemate-init", i.archive["casemate/bin/casemate-init"])
	i.guest.Env = append(i.guest.Env, "CASEMATE_TEST_LSM=apparmor = { generate = true }")
	return nil
}
