package sealed

import "strings"

func validLSM(p *Policy) error {
	a, s := &p.LSM.AppArmor, &p.LSM.SELinux
	if err := validLabel("apparmor", a); err != nil {
		return err
	}
	// "//&" stacks profiles: a second profile in a name would change what the
	// first one means.
	if strings.Contains(a.Text, "//&") {
		return invalid(a.At, "apparmor: %s stacks profiles", clip(a.Text))
	}
	if strings.HasPrefix(a.Text, ":") || strings.Contains(a.Text, "://") {
		return invalid(a.At, "apparmor: %s is of another namespace", clip(a.Text))
	}
	if err := validProfile(p); err != nil {
		return err
	}
	if err := validLabel("selinux", s); err != nil {
		return err
	}
	if s.Text != "" && !isContext(s.Text) {
		return invalid(s.At, "selinux: %s is not user:role:type:level", clip(s.Text))
	}
	return validContexts(p)
}

// validContexts: an automatic level completes "user:role:type:sN", and the context of files
// is completed by the level.
func validContexts(p *Policy) error {
	s, c := &p.LSM.SELinux, &p.LSM.Contexts
	if c.Auto && (strings.Count(s.Text, ":") != 3 || strings.Contains(s.Text, "-")) {
		return invalid(s.At, "selinux: %s does not end in a sensitivity, which an automatic level needs", clip(s.Text))
	}
	if c.Files == "" {
		return nil
	}
	if why := lineFault(c.Files, maxLine); why != "" {
		return invalid(s.At, "selinux: the context of files %s", why)
	}
	if strings.Count(c.Files, ":") != 2 || !isContext(c.Files) || strings.Count(s.Text, ":") < 3 {
		return invalid(s.At, "selinux: %s is not user:role:type beside a label with a level", clip(c.Files))
	}
	return nil
}

// validLabel checks a text that is written to /proc/PID/attr/exec as it is. The
// kernel would trim white space there.
func validLabel(module string, l *Label) error {
	if why := lineFault(l.Text, maxLine); why != "" {
		return invalid(l.At, "%s: the label %s", module, why)
	}
	if strings.TrimSpace(l.Text) != l.Text {
		return invalid(l.At, "%s: the label begins or ends in white space", module)
	}
	if l.Text == "" && l.Require {
		return invalid(l.At, "%s: a label is required and none is given", module)
	}
	return nil
}

// validProfile: a generated profile has its binary, its digest and the name that is the
// service's; without one nothing of it is there. What is in the binary is looked at where
// it is loaded.
func validProfile(p *Policy) error {
	f, a := &p.LSM.Profile, &p.LSM.AppArmor
	if len(f.Binaries) == 0 {
		if f.Text != [32]byte{} {
			return invalid(a.At, "apparmor: a profile without its binary form")
		}
		return nil
	}
	if a.Text != "casemate-"+p.Service {
		return invalid(a.At, "apparmor: a generated profile is casemate-%s, the label %s", clip(p.Service), clip(a.Text))
	}
	if len(f.Binaries) > maxBinaries {
		return invalid(a.At, "apparmor: %d binaries", len(f.Binaries))
	}
	for i := range f.Binaries {
		b := &f.Binaries[i]
		if why := lineFault(b.ABI, maxWord); why != "" || b.ABI == "" {
			return invalid(a.At, "apparmor: the abi of the profile %s", orEmpty(why))
		}
		if len(b.Bytes) == 0 || len(b.Bytes) > maxBinary {
			return invalid(a.At, "apparmor: a profile of %d bytes", len(b.Bytes))
		}
	}
	return nil
}

// isContext: user, role and type, then a level where the system has levels.
func isContext(s string) bool {
	parts := strings.SplitN(s, ":", 4)
	if len(parts) < 3 || strings.Contains(s, " ") {
		return false
	}
	for _, p := range parts {
		if p == "" {
			return false
		}
	}
	return true
}
