// Package apparmor is the kernel's side of AppArmor, as pure functions: which label a
// process of a container has, how it is asked for, whether the host can confine by it,
// and what is in the binary form of a profile. It imports facts only; profiles are made
// in policy/profile and loaded by internal/prepare.
package apparmor

import (
	"fmt"
	"slices"
	"strings"

	"casemate/internal/facts"
)

// ExecFile is the file below /proc/thread-self that takes the profile for the next
// execve, for AppArmor alone and not for whichever module owns attr/exec (Linux 5.8).
const ExecFile = "attr/apparmor/exec"

// Labels that are not a service's.
const (
	Unconfined  = "unconfined"    // the kernel's word for none
	ShimProfile = "casemate-shim" // dist/apparmor/casemate-shim
)

// ProfileName is that of the profile generated for a service. All that begin so are ours.
func ProfileName(service string) string { return "casemate-" + service }

// IsReserved tells whether the profile that is generated for a service would be another's.
func IsReserved(service string) bool { return ProfileName(service) == ShimProfile }

// ExecText is what is written to ExecFile, aa_change_onexec(2) and aa_stack_onexec(2). A
// shim that is confined itself can only stack: under no_new_privs the kernel takes no
// label that is not a subset of the one there was (apparmor_bprm_creds_for_exec).
func ExecText(profile string, f facts.AppArmor) string {
	if confined(f) {
		return "stack " + profile
	}
	return "exec " + profile
}

// Expected is what attr/apparmor/current of init must say: the profile in enforce mode,
// and where the shim is confined its own label with it, in the kernel's order, by name.
func Expected(profile string, f facts.AppArmor) string {
	names := []string{profile}
	if confined(f) {
		label, _ := split(f.Own)
		names = append(names, strings.Split(label, "//&")...)
	}
	return Stacked(names...) + " (enforce)"
}

// Stacked is the label of several profiles at once, as the kernel writes it.
func Stacked(profiles ...string) string {
	slices.Sort(profiles)
	return strings.Join(slices.Compact(profiles), "//&")
}

func confined(f facts.AppArmor) bool { return f.Own != "" && f.Own != Unconfined }

// split takes a label and its mode apart.
func split(current string) (label, mode string) {
	if i := strings.LastIndex(current, " ("); i >= 0 {
		return current[:i], strings.TrimSuffix(current[i+2:], ")")
	}
	return current, ""
}

// Lack says, in words, why the host cannot confine by this profile; "" when it can. One
// that comes with the policy need not be loaded yet. A profile list that cannot be read is
// not taken for a list that has the profile: the write of the label then decides, and
// fails for a profile that is not loaded.
func Lack(profile string, sealed bool, f facts.AppArmor) string {
	switch {
	case !f.Enabled:
		return "AppArmor is not active (CONFIG_SECURITY_APPARMOR, lsm= on the kernel command line)"
	case f.Mode != "enforce":
		// In complain mode profiles say "enforce" of themselves and deny nothing.
		return fmt.Sprintf("AppArmor is in %s mode (apparmor.mode= on the kernel command line)", orUnknown(f.Mode))
	case profile == Unconfined || profile == ShimProfile:
		// The kernel would take them, and say so: what was declared, and no confinement of a service's.
		return fmt.Sprintf("%q is no profile of a service", profile)
	case !sealed && f.Known && !slices.Contains(f.Profiles, profile):
		return fmt.Sprintf("the AppArmor profile %q is not loaded in enforce mode", profile)
	}
	if _, mode := split(f.Own); confined(f) && mode != "enforce" {
		return fmt.Sprintf("the shim's own AppArmor label is %q, which does not enforce", f.Own)
	}
	if sealed && len(f.Features) == 0 {
		return "the features of AppArmor cannot be read (is securityfs mounted at /sys/kernel/security?)"
	}
	for _, name := range facts.AppArmorFeatures {
		if sealed && !slices.Contains(f.Features, name) {
			return "AppArmor of this kernel does not know " + name + ", for which the profile was compiled (Linux 4.17)"
		}
	}
	return ""
}

func orUnknown(mode string) string {
	if mode == "" {
		return "an unknown"
	}
	return mode
}
