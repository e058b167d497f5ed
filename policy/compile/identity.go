package compile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"casemate/internal/sealed"
	"casemate/policy/syntax"
)

var idLine = regexp.MustCompile(`^([0-9]+) ([0-9]+) ([0-9]+)$`)

// ids are how many there are: the largest 32-bit number is none (setresuid(2)).
const ids = 1<<32 - 1

// maxMapText is what the kernel takes in one write to uid_map (user_namespaces(7)).
const maxMapText = 4095

// identity resolves the maps of a user namespace.
func (c *compiler) identity() {
	u := c.file.Namespaces.User
	if u == nil {
		return
	}
	n := &c.out.Namespaces
	n.UIDs = c.idMap("namespaces.user.uid", u.UID)
	n.GIDs = c.idMap("namespaces.user.gid", u.GID)
}

// idMap reads the lines of a map, in ascending order of the ids inside.
func (c *compiler) idMap(key string, lines []string) []sealed.IDRange {
	var m []sealed.IDRange
	for i, line := range lines {
		p := c.file.Pos(key, i)
		r, ok := c.idRange(line, p)
		if !ok || c.overlaps(m, r, line, p) {
			continue
		}
		if r.Outside == 0 {
			c.need("namespaces.user", p, "ids inside are the host's root, to every file and check")
		}
		m = append(m, r)
	}
	slices.SortFunc(m, func(a, b sealed.IDRange) int { return int(int64(a.Inside) - int64(b.Inside)) })
	if n := len(sealed.MapText(m)); n > maxMapText {
		c.fail(c.file.Pos(key), "", "use fewer and larger ranges", "the map takes %d bytes, and the kernel %d at most", n, maxMapText)
	}
	return m
}

func (c *compiler) idRange(line string, p syntax.Position) (r sealed.IDRange, ok bool) {
	words := idLine.FindStringSubmatch(line)
	if words == nil {
		c.fail(p, line, `they look like "0 100000 65536": the first id inside, the first outside, how many`, "not a line of an identity map")
		return r, false
	}
	for i, to := range []*uint32{&r.Inside, &r.Outside, &r.Count} {
		v, err := strconv.ParseUint(words[i+1], 10, 32)
		if err != nil {
			c.fail(p, words[i+1], "", "not an id")
			return r, false
		}
		*to = uint32(v)
	}
	r.At = at(p)
	switch {
	case r.Count == 0:
		c.fail(p, line, "the last number says how many ids", "a range without ids")
	case uint64(r.Inside)+uint64(r.Count) > ids, uint64(r.Outside)+uint64(r.Count) > ids:
		c.fail(p, line, "the largest id is 4294967294", "the range reaches beyond the largest id")
	default:
		return r, true
	}
	return r, false
}

// overlaps refuses an id that would have two meanings.
func (c *compiler) overlaps(m []sealed.IDRange, r sealed.IDRange, line string, p syntax.Position) bool {
	meet := func(a, an, b, bn uint32) bool {
		return uint64(a) < uint64(b)+uint64(bn) && uint64(b) < uint64(a)+uint64(an)
	}
	for _, o := range m {
		switch {
		case meet(r.Inside, r.Count, o.Inside, o.Count):
			c.fail(p, line, "", "its ids inside overlap those of %q, %s", o, o.At)
			return true
		case meet(r.Outside, r.Count, o.Outside, o.Count):
			c.fail(p, line, "", "its ids outside overlap those of %q, %s", o, o.At)
			return true
		}
	}
	return false
}

// hostRoot tells whether an id of the policy is the host's 0. One that the maps do not
// have is another fault.
func (c *compiler) hostRoot(m []sealed.IDRange, id uint32) bool {
	outside, mapped := sealed.Outside(m, id)
	return mapped && outside == 0 && (len(m) != 0 || c.file.Namespaces.User == nil)
}

// inMaps refuses a workload whose ids the user namespace does not have.
func (c *compiler) inMaps() {
	if c.file.Namespaces.User == nil || len(c.errs) != 0 {
		return
	}
	e, n := &c.out.Exec, &c.out.Namespaces
	c.inMap("uid", n.UIDs, e.UID, "exec.user")
	c.inMap("gid", n.GIDs, e.GID, "exec.group")
	for _, g := range e.Groups {
		c.inMap("gid", n.GIDs, g, "exec.groups")
	}
}

func (c *compiler) inMap(kind string, m []sealed.IDRange, id uint32, key string) {
	if _, ok := sealed.Outside(m, id); ok {
		return
	}
	p, hint := c.file.Pos(key), "ids of a policy are those inside: add a line to namespaces.user."+kind+" that has it, or take another"
	if p.Line == 0 {
		p = c.file.KeyPos("namespaces.user")
		hint = fmt.Sprintf("state %s, or map %d", key, id)
	}
	c.fail(p, fmt.Sprint(id), hint, "%s is not in namespaces.user.%s", key, kind)
}

// idMapped checks a mount whose owners are mapped. Where it is writable, what the
// workload makes there has owners of the host: its root could leave a program there that
// is setuid root to whoever runs it on the host.
func (c *compiler) idMapped(key string, p syntax.Position, writable bool) {
	if c.file.Namespaces.User == nil {
		c.fail(p, "idmap", "state namespaces.user", "there is no user namespace whose ids it could be mapped to")
		return
	}
	if writable {
		c.need(key, p, "what the workload makes there belongs to the same ids on the host, setuid programs too")
	}
}
