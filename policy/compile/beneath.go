package compile

import (
	"slices"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/beneath"
	"casemate/policy/syntax"
)

// beneath makes the rules for files: what the mounts allow, and in place of it what the
// lists of the policy name.
func (c *compiler) beneath(f *syntax.Landlock) {
	rules := beneath.Set{}
	var stated beneath.Stated
	for _, list := range []struct {
		key    string
		paths  []string
		allow  uint64
		stated *bool
	}{
		{"ro", f.RO, beneath.Read, &stated.Read}, {"rw", f.RW, beneath.Write(c.out), &stated.Write}, {"exec", f.Exec, beneath.Exec, &stated.Exec},
	} {
		key := "lsm.landlock." + list.key
		*list.stated = c.states(key)
		for i, s := range list.paths {
			p := c.file.Pos(key, i)
			if name, t := c.inTree(s, p, list.key); name != "" {
				rules.Grant(name, t, list.allow, at(p))
			}
		}
	}
	rules.Mounts(c.out, stated)
	c.out.LSM.Landlock.Beneath = rules.Rules()
	if key := c.statedList(); key != "" {
		c.aliases(key)
	}
}

// inTree checks a path of a list against the tree: it has to be there, under this name.
// A mount that forbids what the list grants is a contradiction.
func (c *compiler) inTree(s string, p syntax.Position, list string) (string, sealed.PathType) {
	name, t := typed(s)
	if s == "/" {
		t = sealed.Directory
	}
	if c.cleanPath(name, p) == "" || !c.there(name, s, p) {
		return "", t
	}
	writable, exec := c.out.Root.Writable, !c.out.Root.Assembled()
	m := c.holder(name)
	switch {
	case m == nil && c.out.Root.Assembled():
		t = sealed.Directory // on the way to what is mounted below
	case m != nil && m.Target == name:
		t = m.Type
	}
	if m != nil {
		writable, exec = m.Writable, m.Exec
		if _, own := beneath.Kernel[m.Kind]; own {
			c.fail(p, s, "it has the rights that it is mounted for", "a file system of the kernel or of the launch")
			return "", t
		}
	}
	switch {
	case list == "rw" && !writable:
		c.fail(p, s, "name it under ro, or make the mount writable", "the mount there is read-only")
	case list == "exec" && !exec:
		c.fail(p, s, "mount it with exec", "nothing can be executed from the mount there")
	}
	return name, t
}

// there refuses what the tree does not have, or has under another name.
func (c *compiler) there(name, s string, p syntax.Position) bool {
	for _, l := range c.out.Root.Symlinks {
		if within(name, l.Path) {
			c.fail(p, s, "name what it leads to", "the path lies in the symbolic link %s", l.Path)
			return false
		}
	}
	if !c.out.Root.Assembled() || c.holder(name) != nil || slices.ContainsFunc(c.out.Mounts, func(m sealed.Mount) bool { return below(m.Target, name) }) {
		return true
	}
	c.fail(p, s, "the root is assembled from [mounts] and holds nothing else", "no mount has this path in it")
	return false
}

// holder is the mount that a path lies in, the deepest; nil for the root.
func (c *compiler) holder(name string) *sealed.Mount {
	var found *sealed.Mount
	for i := range c.out.Mounts {
		if m := &c.out.Mounts[i]; within(name, m.Target) && (found == nil || strings.HasPrefix(m.Target, found.Target)) {
			found = m
		}
	}
	return found
}
