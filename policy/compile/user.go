package compile

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"casemate/policy/syntax"
)

// nobody is the id of the default user and group: what the kernel and most systems
// call nobody, never root.
const nobody = 65534

// user resolves exec.user, exec.group and exec.groups.
func (c *compiler) user() {
	f := c.file
	pos := f.Pos("exec.user")
	uid, named := c.id(c.passwd, given(f.Exec.User, ""), pos)
	c.out.Exec.UID = nobody
	if f.Exec.User != nil {
		c.out.Exec.UID = uid.id
	}
	switch {
	case f.Exec.Group != nil:
		gid, _ := c.id(c.group, *f.Exec.Group, f.Pos("exec.group"))
		c.out.Exec.GID = gid.id
	case f.Exec.User == nil:
		c.out.Exec.GID = nobody
	case named:
		c.out.Exec.GID = uid.primary
	default:
		c.fail(pos, *f.Exec.User, "state exec.group", "a numeric user without a group")
		return
	}
	c.groups()
	c.inMaps()
	c.rootIDs(pos)
}

func (c *compiler) groups() {
	for i, name := range c.file.Exec.Groups {
		p := c.file.Pos("exec.groups", i)
		g, _ := c.id(c.group, name, p)
		if c.hostRoot(c.out.Namespaces.GIDs, g.id) {
			c.need("exec.groups", p, rootGroup)
		}
		c.out.Exec.Groups = append(c.out.Exec.Groups, g.id)
	}
	slices.Sort(c.out.Exec.Groups)
	c.out.Exec.Groups = slices.Compact(c.out.Exec.Groups)
}

const rootGroup = "root's group may read much of the host"

// rootIDs demands reasons for the host's uid 0 and gid 0, which own what is bound in.
func (c *compiler) rootIDs(user syntax.Position) {
	e, n := &c.out.Exec, &c.out.Namespaces
	switch {
	case c.hostRoot(n.UIDs, e.UID) && c.file.Exec.User != nil:
		c.need("exec.user", user, "the workload is root to every file of the host that it sees")
	case c.hostRoot(n.GIDs, e.GID):
		c.need("exec.group", c.file.Pos("exec.group"), rootGroup)
	}
}

// id resolves a decimal id or a name, and tells whether it was a name. What cannot
// be resolved is nobody, so that one fault is not reported as a second.
func (c *compiler) id(a *accounts, s string, p syntax.Position) (account, bool) {
	if s == "" {
		return account{}, false
	}
	if s[0] >= '0' && s[0] <= '9' {
		n, ok := decimal(s)
		if !ok || n >= 1<<32-1 { // (uid_t)-1 means "leave it as it is" to setresuid(2)
			c.fail(p, s, "a decimal number from 0 to 4294967294, or a name that begins with a letter", "not an id")
			n = nobody
		}
		return account{id: uint32(n)}, false
	}
	if err := a.read(c.source); err != nil {
		c.fail(p, s, "write the number, or say where the file is with --"+a.kind, "the name cannot be looked up: %v", err)
		return account{nobody, nobody}, true
	}
	found, ok := a.byName[s]
	if !ok {
		hint := orDefault(syntax.DidYouMean(s, a.list()), "it is resolved when the policy is compiled: write the number, or name the image's file with --"+a.kind)
		c.fail(p, s, hint, "not in %s", a.path)
		return account{nobody, nobody}, true
	}
	return found, true
}

// account is one line of passwd or group.
type account struct{ id, primary uint32 }

// accounts is a passwd(5) or group(5) file, read when a name is first looked up:
// a policy with numbers alone does not depend on it.
type accounts struct {
	kind, path string
	byName     map[string]account
	err        error
}

func newAccounts(kind, path string) *accounts { return &accounts{kind: kind, path: path} }

func (a *accounts) list() []string {
	var all []string
	for name := range a.byName {
		all = append(all, name)
	}
	return sorted(all)
}

func (a *accounts) read(s *source) error {
	if a.byName != nil || a.err != nil {
		return a.err
	}
	text, err := read(a.path, maxAccounts)
	if err != nil {
		a.err = err
		return err
	}
	s.input("passwd", map[string]string{"passwd": "users of ", "group": "groups of "}[a.kind]+filepath.Base(a.path), text)
	a.byName, a.err = parseAccounts(a.kind, a.path, text)
	return a.err
}

// accountName is what useradd(8) allows; a name of digits would be an id.
var accountName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*\$?$`)

// parseAccounts reads name:password:uid:gid:... or name:password:gid:members. A
// line that is not understood is an error: to skip it could resolve a name to
// another line's id.
func parseAccounts(kind, path string, text []byte) (map[string]account, error) {
	columns := map[string]int{"passwd": 7, "group": 4}[kind]
	all := map[string]account{}
	n := 0
	for line := range bytes.Lines(text) {
		n++
		part := strings.Split(strings.TrimSuffix(string(line), "\n"), ":")
		if len(part) != columns || !accountName.MatchString(part[0]) {
			return nil, fmt.Errorf("%s:%d: not a line of a %s file", path, n, kind)
		}
		if _, twice := all[part[0]]; twice {
			return nil, fmt.Errorf("%s:%d: %s is there twice", path, n, part[0])
		}
		id, ok := decimal(part[2])
		var primary uint64
		if kind == "passwd" && ok {
			primary, ok = decimal(part[3])
		}
		if !ok || id >= 1<<32-1 || primary >= 1<<32-1 {
			return nil, fmt.Errorf("%s:%d: %s has a bad id", path, n, part[0])
		}
		all[part[0]] = account{uint32(id), uint32(primary)}
	}
	return all, nil
}
