package facts

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

const securityfs = "/sys/kernel/security"

// modules lists the active security modules: from securityfs where it is mounted,
// else from what each module shows elsewhere.
func modules(f *Facts) error {
	line, err := readLine(securityfs + "/lsm")
	switch {
	case err == nil:
		f.LSMs = strings.Split(line, ",")
	case errors.Is(err, unix.ENOENT):
		f.LSMs = visible()
	default:
		return err
	}
	f.AppArmor.Enabled = slices.Contains(f.LSMs, "apparmor")
	f.SELinux.Enabled = slices.Contains(f.LSMs, "selinux")
	return nil
}

// visible finds the two label modules without securityfs. The kernel registers selinuxfs
// when SELinux is active and not otherwise (init_sel_fs); it need not be mounted.
func visible() []string {
	var found []string
	if line, err := readLine("/sys/module/apparmor/parameters/enabled"); err == nil && line == "Y" {
		found = append(found, "apparmor")
	}
	if b, err := ReadAt(unix.AT_FDCWD, "/proc/filesystems", 0); err == nil && offers(string(b), "selinuxfs") {
		found = append(found, "selinux")
	}
	return found
}

// offers tells whether a list like /proc/filesystems has a file system.
func offers(list, fstype string) bool {
	for line := range strings.Lines(list) {
		if _, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); ok && name == fstype {
			return true
		}
	}
	return false
}

// labels asks the modules that are there for their state.
func labels(f *Facts) error {
	if f.AppArmor.Enabled {
		b, err := ReadAt(unix.AT_FDCWD, securityfs+"/apparmor/profiles", 0)
		f.AppArmor.Known = err == nil
		f.AppArmor.Profiles = enforced(string(b))
		appArmor(&f.AppArmor)
	}
	if f.SELinux.Enabled {
		dir, err := openSELinux()
		if err != nil {
			return fmt.Errorf("selinux is active and its mode cannot be read: %w", err)
		}
		defer unix.Close(dir)
		mode, err := ReadAt(dir, "enforce", 0)
		if err != nil {
			return fmt.Errorf("selinux is active and its mode cannot be read: %w", err)
		}
		f.SELinux.Enforcing = string(mode) == "1"
	}
	return nil
}

// appArmor asks for the rest. What cannot be read stays empty, which no policy that wants
// a profile takes for an answer; but for the own label, where empty would mean none and
// the word is one of a label that does not enforce.
func appArmor(f *AppArmor) {
	var err error
	if f.Own, err = readLine("/proc/thread-self/attr/apparmor/current"); err != nil {
		f.Own = "unreadable"
	}
	if mode, err := readLine("/sys/module/apparmor/parameters/mode"); err == nil {
		f.Mode = mode
	}
	for _, name := range AppArmorFeatures {
		var st unix.Stat_t
		if unix.Lstat(securityfs+"/apparmor/features/"+name, &st) == nil {
			f.Features = append(f.Features, name)
		}
	}
}

// enforced lists the profiles of "name (mode)" lines that enforce: only they confine.
func enforced(text string) []string {
	var profiles []string
	for line := range strings.Lines(text) {
		if name, mode, ok := cutLast(strings.TrimSpace(line), " ("); ok && mode == "enforce)" {
			profiles = append(profiles, name)
		}
	}
	return profiles
}

// cutLast is strings.Cut at the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
