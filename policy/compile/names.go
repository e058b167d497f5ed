package compile

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/base"
	"casemate/policy/syntax"
)

// at is where a value was written, as the sealed policy keeps it: without the
// directory, which differs from build to build.
func at(p syntax.Position) string {
	if p.Line == 0 {
		return "default"
	}
	name := p.File
	if _, shipped := base.Text(name); !shipped {
		name = path.Base(name)
	}
	return fmt.Sprintf("%s:%d", name, p.Line)
}

var serviceName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// names checks the service's name.
func (c *compiler) names() {
	if c.file.Service == nil {
		c.fail(syntax.Position{}, "service", `write: service = "NAME"`, "the key is missing")
		return
	}
	c.out.Service = *c.file.Service
	if !serviceName.MatchString(c.out.Service) {
		c.fail(c.file.Pos("service"), c.out.Service, "lower-case letters, digits, dots, dashes and underscores, at most 63", "not a name for a service")
	}
}

// cleanPath demands an absolute path in its only spelling, so that comparing two
// paths as texts compares what they name. It gives "" for a bad one.
func (c *compiler) cleanPath(s string, p syntax.Position) string {
	switch {
	case !strings.HasPrefix(s, "/"):
		c.fail(p, s, "begin it with a slash", "the path is not absolute")
	case slices.Contains(strings.Split(s, "/"), ".."):
		c.fail(p, s, "write where it leads to", "the path has .. in it")
	case path.Clean(s) != s:
		c.fail(p, s, "write "+path.Clean(s), "the path is not in its shortest form")
	case slices.ContainsFunc(strings.Split(s, "/"), func(part string) bool { return len(part) > 255 }):
		c.fail(p, s[:32]+"…", "", "a part of the path is longer than 255 bytes")
	case len(s) > 4095:
		c.fail(p, s[:32]+"…", "", "the path is longer than 4095 bytes")
	default:
		return s
	}
	return ""
}

// hostPath is cleanPath for a path on the host; one that begins with ./ is beside
// the policy file, for checkouts and examples.
func (c *compiler) hostPath(s string, p syntax.Position) string {
	rest, beside := strings.CutPrefix(s, "./")
	if !beside {
		return c.cleanPath(s, p)
	}
	if c.cleanPath("/"+rest, p) == "" {
		return ""
	}
	dir, err := c.source.dir()
	if err != nil {
		c.fail(p, s, "", "the policy's directory: %v", err)
		return ""
	}
	return c.cleanPath(path.Join(dir, rest), p)
}

// below tells whether a clean path lies strictly below another.
func below(s, parent string) bool {
	return parent == "/" && s != "/" || strings.HasPrefix(s, parent+"/")
}

// within is below, or the same.
func within(s, parent string) bool { return s == parent || below(s, parent) }

// typed splits the trailing slash, by which policies mark directories, off a path.
func typed(s string) (string, sealed.PathType) {
	if rest, dir := strings.CutSuffix(s, "/"); dir && rest != "" {
		return rest, sealed.Directory
	}
	return s, sealed.RegularFile
}

// byPath orders clean paths so that a directory stands before what lies in it.
func byPath(a, b string) int {
	return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
}

func sorted(s []string) []string {
	slices.Sort(s)
	return s
}
