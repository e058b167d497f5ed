// Package apparmor knows how AppArmor takes an exec label and which profile names
// are safe to hand to it. Pure: it imports facts only.
package apparmor

import (
	"fmt"
	"slices"

	"casemate/internal/facts"
)

// ExecFile is the file below /proc/thread-self that takes the profile for the next
// execve, for AppArmor alone and not for whichever module owns attr/exec (Linux 5.8).
const ExecFile = "attr/apparmor/exec"

// ExecText is what is written there, aa_change_onexec(2).
func ExecText(profile string) string { return "exec " + profile }

// Lack says, in words, why the host cannot confine by this profile; "" when it can.
// A profile list that cannot be read is not taken for a list that has the profile:
// the write of the label then decides, and fails for a profile that is not loaded.
func Lack(profile string, f facts.AppArmor) string {
	switch {
	case !f.Enabled:
		return "AppArmor is not active (CONFIG_SECURITY_APPARMOR, lsm= on the kernel command line)"
	case f.Known && !slices.Contains(f.Profiles, profile):
		return fmt.Sprintf("the AppArmor profile %q is not loaded in enforce mode", profile)
	}
	return ""
}
