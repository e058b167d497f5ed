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
	if err := validLabel("selinux", s); err != nil {
		return err
	}
	if s.Text != "" && !isContext(s.Text) {
		return invalid(s.At, "selinux: %s is not user:role:type:level", clip(s.Text))
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
