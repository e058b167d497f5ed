package compile

import (
	"errors"
	"regexp"
	"strings"

	"casemate/apparmor"
	"casemate/internal/sealed"
	"casemate/policy/profile"
	"casemate/policy/syntax"
	"casemate/selinux"

	label "github.com/opencontainers/selinux/go-selinux"
)

// apparmor resolves the label of AppArmor. A label of a security module that is stated is
// required unless the policy says otherwise.
func (c *compiler) apparmor() {
	a := c.file.LSM.AppArmor
	switch {
	case a == nil:
		return
	case given(a.Generate, false):
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

// selinux resolves the context; generate names the types that the generated module has.
func (c *compiler) selinux() {
	s := c.file.LSM.SELinux
	if s == nil {
		return
	}
	key, text, level := "lsm.selinux.label", given(s.Label, ""), given(s.Level, "s0")
	generated := given(s.Generate, false)
	switch {
	case s.Label != nil && (s.Type != nil || s.Level != nil || generated):
		c.fail(c.file.Pos(key), clip(text), "state the whole label, or type and level, or generate", "two contexts")
		return
	case generated && (s.Type != nil || s.FileType != nil):
		c.fail(c.file.Pos("lsm.selinux.generate"), "lsm.selinux.generate", "the generated module names the types", "two types")
		return
	case generated:
		key = "lsm.selinux.generate"
		name := moduleName(c.out.Service)
		level = given(s.Level, auto)
		text = "system_u:system_r:" + name + "_t"
		c.out.LSM.Contexts.Files = objectContext + name + "_file_t"
	case s.Label == nil && s.Type == nil:
		c.fail(c.file.KeyPos("lsm.selinux"), "lsm.selinux", `write: label = "user:role:type:level", type = "TYPE", or generate = true`, "no context is named")
		return
	case s.Type != nil:
		key = "lsm.selinux.type"
		text = "system_u:system_r:" + *s.Type
	}
	if s.FileType != nil {
		c.out.LSM.Contexts.Files = objectContext + *s.FileType
	}
	if s.Label == nil {
		c.out.LSM.Contexts.Auto = level == auto
		text += ":" + map[bool]string{true: "s0", false: level}[level == auto]
	}
	p := c.file.Pos(key)
	c.out.LSM.SELinux = sealed.Label{Text: text, Require: given(s.Require, true), At: at(p)}
	if fault, hint := contextFault(text); fault != "" {
		if s.Level != nil && contextWord.MatchString(given(s.Type, "generated")) {
			p = c.file.Pos("lsm.selinux.level")
		}
		c.fail(p, clip(text), hint, "%s", fault)
		return
	}
	if t := given(s.FileType, "file"); !contextWord.MatchString(t) {
		c.fail(c.file.Pos("lsm.selinux.file_type"), clip(t), "a name such as web_file_t", "the type of files is wrong")
	}
}

const (
	auto          = "auto" // a level that each container has for itself
	objectContext = "system_u:object_r:"
)

// moduleName is what the types of a service's generated module begin with: names of SELinux
// have neither dots nor hyphens.
func moduleName(service string) string {
	return "casemate_" + strings.Map(func(r rune) rune {
		if r == '-' || r == '.' {
			return '_'
		}
		return r
	}, service)
}

func clip(text string) string {
	if len(text) > 64 {
		return text[:64] + "…"
	}
	return text
}

// contextWord is a user, a role or a type.
var contextWord = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]{0,127}$`)

// contextFault checks the parts of a context, and gives a hint. The level is demanded:
// without one the kernel would take the caller's. It has to be written as the kernel writes
// it: what is read back is compared as text.
func contextFault(text string) (fault, hint string) {
	hint = "user:role:type:level, such as system_u:system_r:nginx_t:s0:c1,c2"
	context, err := label.NewContext(text)
	switch {
	case err != nil:
		return "not an SELinux context", hint
	case context["level"] == "":
		return "the context has no level", hint
	}
	for _, part := range []string{"user", "role", "type"} {
		if !contextWord.MatchString(context[part]) {
			return "the " + part + " of the context is wrong", hint
		}
	}
	switch canonical, err := selinux.Canonical(context["level"]); {
	case err != nil:
		return "the level of the context is wrong: " + err.Error(), hint
	case canonical != context["level"]:
		return "the level is not written as the kernel writes it", "write: " + canonical
	}
	return "", ""
}
