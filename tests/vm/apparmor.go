package vm

import (
	"fmt"
	"path/filepath"
	"regexp"
)

// refusedByAppArmor are denials that its tests are about: labels that a shell asks for in the
// shim's profile, init without a label of its own, a clock.
var refusedByAppArmor = regexp.MustCompile(`operation="(change|stack)_onexec" .*comm="sh"|operation="exec" profile="casemate-shim" name="/" |comm="casemate-shim" .*capname="sys_time"`)

// broadProfile names a profile that allows what AppArmor knows, and its text in testdata. It
// is loaded as an image's service manager would have loaded it.
const broadProfile = "casemate-broad"

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
	profile, err := run("", "apparmor_parser", "-S", "-K", "-Q", "-M", "/etc/apparmor.d/abi/3.0", "--config-file=/dev/null", filepath.Join(tests, "vm/testdata/"+broadProfile))
	if err != nil {
		return fmt.Errorf("%w (package apparmor)", err)
	}
	i.file(broadProfile, []byte(profile))
	i.first("/bin/sh", "-c", "cat /"+broadProfile+" >/sys/kernel/security/apparmor/.replace")
	return rootImages(i)
}
