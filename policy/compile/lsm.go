package compile

import (
	"errors"
	"regexp"
	"strings"

	"casemate/apparmor"
	"casemate/internal/sealed"
	"casemate/policy/profile"
	"casemate/policy/syntax"

	"github.com/opencontainers/selinux/go-selinux"
)

// lsm resolves the labels of the security modules. A label that is stated is
// required unless the policy says otherwise.
func (c *compiler) lsm() {
	if a := c.file.LSM.AppArmor; a != nil {
		c.apparmor(a)
	}
	if s := c.file.LSM.SELinux; s != nil {
		c.selinux(s)
	}
}

func (c *compiler) apparmor(a *syntax.AppArmor) {
	if given(a.Generate, false) {
		c.generate(a)
		return
	}
	p := c.file.Pos("lsm.apparmor.profile")
	if a.Profile == nil {
		c.fail(c.file.KeyPos("lsm.apparmor"), "lsm.apparmor", `write: generate = true, or profile = "NAME"`, "no profile is named")
		return
	}
	c.out.LSM.AppArmor = sealed.Label{Text: *a.Profile, Require: given(a.Require, true), At: at(p)}
	switch name := *a.Profile; {
	case len(name) > 255:
		c.fail(p, name[:32]+"…", "", "the name of a profile has at most 255 bytes")
	case strings.Contains(name, "//&"):
		c.fail(p, name, "name one profile", "a stack of profiles")
	case strings.HasPrefix(name, ":") || strings.Contains(name, "://"): // aa_splitn_fqname
		c.fail(p, name, "name one of the shim's own", "the profile of another namespace")
	case strings.TrimSpace(name) != name:
		c.fail(p, name, "", "the name begins or ends in white space, which the kernel would cut off")
	case name == apparmor.ShimProfile:
		c.fail(p, name, "give the service a profile of its own, or have one generated", "the shim's own profile, which confines no service")
	case name == apparmor.Unconfined || strings.HasSuffix(name, "//"+apparmor.Unconfined):
		c.fail(p, name, "leave lsm.apparmor out", "unconfined is no profile")
	}
}

// generate names the profile that is made when all else is resolved.
func (c *compiler) generate(a *syntax.AppArmor) {
	p := c.file.Pos("lsm.apparmor.generate")
	switch {
	case a.Profile != nil:
		c.fail(c.file.Pos("lsm.apparmor.profile"), *a.Profile, "name a profile that the image loads, or have one generated", "two profiles")
	case apparmor.IsReserved(c.out.Service):
		c.fail(p, "lsm.apparmor.generate", "give the service another name", "the profile would be %q, which is the shim's own", apparmor.ShimProfile)
	}
	c.out.LSM.AppArmor = sealed.Label{Text: apparmor.ProfileName(c.out.Service), Require: given(a.Require, true), At: at(p)}
}

// profile makes the AppArmor profile of a policy that has no fault so far.
func (c *compiler) profile() {
	if a := c.file.LSM.AppArmor; a == nil || !given(a.Generate, false) || len(c.errs) > 0 || c.broken != nil {
		return
	}
	built, err := profile.Build(c.out)
	if err != nil {
		hint := ""
		if errors.Is(err, profile.ErrNoParser) {
			hint = profile.Hint
		}
		c.fail(c.file.Pos("lsm.apparmor.generate"), "lsm.apparmor.generate", hint, "no profile can be generated: %v", err)
		return
	}
	c.out.LSM.Profile = built.Profile
	c.source.inputs = append(c.source.inputs, built.Inputs...)
}

func (c *compiler) selinux(s *syntax.SELinux) {
	key, text := "lsm.selinux.label", given(s.Label, "")
	switch {
	case s.Label != nil && (s.Type != nil || s.Level != nil):
		c.fail(c.file.Pos(key), text, "state the whole label, or type and level", "two contexts")
		return
	case s.Label == nil && s.Type == nil:
		c.fail(c.file.KeyPos("lsm.selinux"), "lsm.selinux", `write: label = "user:role:type:level", or type = "TYPE"`, "no context is named")
		return
	case given(s.Level, "") == "auto":
		c.fail(c.file.Pos("lsm.selinux.level"), "lsm.selinux.level", "", later)
		return
	case s.Type != nil:
		key = "lsm.selinux.type"
		text = "system_u:system_r:" + *s.Type + ":" + given(s.Level, "s0")
	}
	p := c.file.Pos(key)
	if fault := contextFault(text); fault != "" {
		c.fail(p, text, "user:role:type:level, such as system_u:system_r:nginx_t:s0:c1,c2", "%s", fault)
	}
	c.out.LSM.SELinux = sealed.Label{Text: text, Require: given(s.Require, true), At: at(p)}
}

// A level is a sensitivity and categories; a range is two levels.
const (
	categories = `(:c[0-9]{1,4}([.,]c[0-9]{1,4})*)?`
	level      = `s[0-9]{1,3}` + categories
)

var (
	contextWord  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)
	contextLevel = regexp.MustCompile(`^` + level + `(-` + level + `)?$`)
)

// contextFault checks the parts of a context. The level is demanded: without one
// the kernel would take the caller's.
func contextFault(text string) string {
	context, err := selinux.NewContext(text)
	switch {
	case err != nil:
		return "not an SELinux context"
	case context["level"] == "":
		return "the context has no level"
	case !contextLevel.MatchString(context["level"]):
		return "the level of the context is wrong"
	}
	for _, part := range []string{"user", "role", "type"} {
		if !contextWord.MatchString(context[part]) {
			return "the " + part + " of the context is wrong"
		}
	}
	return ""
}
