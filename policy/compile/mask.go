package compile

import (
	"slices"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/base"
	"casemate/policy/syntax"
)

// masks resolves what is hidden or frozen: the shipped defaults below the file
// systems that are mounted, less what the policy unmasks, and the policy's own.
func (c *compiler) masks() {
	own, o := &c.file.Masks, c.out
	o.Masks = c.ownPaths("masks.mask", own.Mask)
	o.ReadOnly = c.ownPaths("masks.readonly", own.Readonly)
	for i, s := range own.Readonly {
		name, _ := typed(s)
		if slices.ContainsFunc(o.Masks, func(m sealed.Path) bool { return within(name, m.Path) }) {
			c.fail(c.file.Pos("masks.readonly", i), s, "leave one of the two out", "the path is masked too")
		}
	}
	defaults := base.Masks()
	removed := c.unmask(defaults)
	masks := c.remaining(defaults.Mask, removed, o.Masks)
	o.ReadOnly = append(o.ReadOnly, c.remaining(defaults.Readonly, removed, append(slices.Clone(o.Masks), o.ReadOnly...))...)
	o.Masks = append(o.Masks, masks...)
	for _, list := range []*[]sealed.Path{&o.Masks, &o.ReadOnly} {
		slices.SortFunc(*list, func(a, b sealed.Path) int { return byPath(a.Path, b.Path) })
	}
	c.source.inputs = append(c.source.inputs, sealed.Input{Kind: "base", Name: base.MasksName, Digest: defaults.Digest})
}

// ownPaths reads a list of the policy. A path that cannot be there is refused now
// rather than at boot, where its absence fails the launch.
func (c *compiler) ownPaths(key string, list []string) []sealed.Path {
	var paths []sealed.Path
	for i, s := range list {
		p := c.file.Pos(key, i)
		name, kind := typed(s)
		if c.cleanPath(name, p) == "" {
			continue
		}
		switch {
		case name == "/" || name == "/proc" || name == "/sys" || name == "/dev":
			c.fail(p, s, "name what is in it; mounts.proc, sysfs and dev decide whether it is there at all", "the path is too much to cover")
			continue
		case c.pidOnly() && within(name, "/proc"):
			c.fail(p, s, `mounts.proc = "pid-only" has none of the kernel's files`, "nothing is there to cover")
		case within(c.program(), name), name != "/" && within(c.out.Exec.Cwd, name):
			if key == "masks.mask" {
				c.fail(p, s, "", "the mask would hide the workload's program or working directory")
			}
		case slices.ContainsFunc(c.out.Mounts, func(m sealed.Mount) bool { return m.Target == name }):
			c.fail(p, s, "a mount is read-only unless it says writable; leave it out to hide what it would show", "the path is where a mount goes")
		case c.out.Root.Assembled() && !c.mounted(name):
			c.fail(p, s, "the root is assembled from [mounts] and holds nothing else", "no mount has this path in it")
		}
		for _, earlier := range paths {
			if within(name, earlier.Path) || within(earlier.Path, name) {
				c.fail(p, s, "", "the path overlaps %s of %s", earlier.Path, earlier.At)
			}
		}
		paths = append(paths, sealed.Path{Path: name, Type: kind, At: at(p)})
	}
	return paths
}

func (c *compiler) program() string {
	if len(c.out.Exec.Argv) == 0 {
		return ""
	}
	return c.out.Exec.Argv[0]
}

// mounted tells whether a path lies in a mount.
func (c *compiler) mounted(name string) bool {
	return slices.ContainsFunc(c.out.Mounts, func(m sealed.Mount) bool { return below(name, m.Target) })
}

// unmask gives the defaults that the policy removes, each with its reason.
func (c *compiler) unmask(defaults *base.MaskLists) []string {
	all := append(slices.Clone(defaults.Mask), defaults.Readonly...)
	var removed []string
	for i, s := range c.file.Masks.Unmask {
		p := c.file.Pos("masks.unmask", i)
		name := strings.TrimSuffix(s, "/")
		if !slices.Contains(all, name) {
			c.fail(p, s, orDefault(syntax.DidYouMean(name, all), "casemate show lists them"), "not masked or read-only by default")
			continue
		}
		if c.pidOnly() && within(name, "/proc") {
			c.fail(p, s, `mounts.proc = "pid-only" has none of the kernel's files`, "nothing is there to be uncovered")
			continue
		}
		c.need("masks."+name, p, "it is masked or read-only for a reason")
		removed = append(removed, name)
	}
	return removed
}

// remaining gives the defaults that hold: where their file system is mounted, and
// nothing of the policy covers them already.
func (c *compiler) remaining(list, removed []string, own []sealed.Path) []sealed.Path {
	var paths []sealed.Path
	for _, name := range list {
		covered := slices.ContainsFunc(own, func(o sealed.Path) bool { return within(name, o.Path) })
		if !slices.Contains(removed, name) && !covered && c.kernelTree(name) {
			paths = append(paths, sealed.Path{Path: name, Default: true, At: "default"})
		}
	}
	return paths
}

// kernelTree tells whether the proc or sysfs that a default lies in is mounted.
func (c *compiler) kernelTree(name string) bool {
	return slices.ContainsFunc(c.out.Mounts, func(m sealed.Mount) bool {
		return (m.Kind == sealed.Proc && !m.PIDOnly || m.Kind == sealed.Sysfs) && below(name, m.Target)
	})
}
