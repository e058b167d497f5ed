package verify

import (
	"strings"

	"casemate/apparmor"
)

// labels compares the security context, once for each module that the policy names
// and the host has. AppArmor adds the mode; only enforce confines.
func (r *reader) labels(t Target) {
	if l := t.Policy.LSM.AppArmor; l.Text != "" && apparmor.Lack(l.Text, len(t.Policy.LSM.Profile.Binaries) > 0, t.Facts.AppArmor) == "" {
		r.label("apparmor", "attr/apparmor/current", apparmor.Expected(l.Text, t.Facts.AppArmor))
	}
	if l := t.Policy.LSM.SELinux; l.Text != "" && t.Facts.SELinux.Enabled {
		r.label("selinux", "attr/current", l.Text)
	}
}

func (r *reader) label(kind, file, want string) {
	b, err := r.proc.read(file)
	r.fail(file, err)
	r.add(kind, "", want, strings.TrimRight(string(b), "\n\x00"))
}
