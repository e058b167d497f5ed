package compile

import (
	"path"
	"slices"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/danger"
)

// root resolves what becomes "/".
func (c *compiler) root() {
	f, r := c.file, &c.out.Root
	r.At = at(f.KeyPos("root"))
	if f.Root.Path != nil {
		p := f.Pos("root.path")
		r.Path = c.cleanPath(*f.Root.Path, p)
		// As the source of a bind; the default masks are of mounts of ours, not of these.
		if r.Path == "/" {
			c.need("root.path", p, "the host's own root is the workload's")
		} else if why := danger.Source(r.Path, given(f.Root.Writable, false)); r.Path != "" && why != "" {
			c.need("root.path", p, why)
		}
		if f.Root.Image != nil {
			c.fail(f.KeyPos("root.image"), "root.image", "there is root.path too", "two roots")
		}
	}
	if f.Root.Image != nil {
		c.image()
	}
	if given(f.Root.Writable, false) {
		r.Writable = true
		if p := f.Pos("root.writable"); f.Root.Image != nil {
			c.fail(p, "true", "mount a tmpfs or a bind where it writes", "an image is read-only")
			c.needed["root.writable"] = true // no reason helps, and none is at fault
		} else {
			c.need("root.writable", p, "what the workload writes there stays, or is executed from there")
		}
	}
	if r.IDMap = f.Root.IDMap; r.IDMap {
		p := f.Pos("root.idmap")
		if f.Root.Path == nil && f.Root.Image == nil {
			c.fail(p, "root.idmap", "leave it out, or name root.path or root.image; the files of a bind are mapped by its own idmap", "an assembled root has no files whose owners could be mapped")
		} else {
			c.idMapped("root.writable", p, false) // a writable root has its reason
		}
	}
	c.symlinks()
}

// symlinks are made in an assembled root, for images whose /lib is usr/lib.
func (c *compiler) symlinks() {
	for _, name := range c.file.Find("root.symlinks").Keys() {
		n, target := c.file.Find("root.symlinks", name), c.file.Root.Symlinks[name]
		switch {
		case c.out.Root.Path != "":
			c.fail(n.Key, name, "make it in the directory itself", "no link is made in a root that is a directory of the host")
		case c.out.Root.Image.File != "":
			c.fail(n.Key, name, "make it when the image is built", "no link is made in an image")
		}
		if c.cleanPath(name, n.Key) == "/" {
			c.fail(n.Key, name, "", "the root is no link")
			continue
		}
		if path.Clean(target) != target || slices.Contains(strings.Split(target, "/"), "..") {
			c.fail(n.Pos, target, "write it without .. and in its shortest form", "not a target for a link")
		}
		c.out.Root.Symlinks = append(c.out.Root.Symlinks, sealed.Symlink{Path: name, Target: target, At: at(n.Pos)})
	}
	slices.SortFunc(c.out.Root.Symlinks, func(a, b sealed.Symlink) int { return byPath(a.Path, b.Path) })
	for i, s := range c.out.Root.Symlinks {
		if i > 0 && below(s.Path, c.out.Root.Symlinks[i-1].Path) {
			c.fail(c.file.KeyPos("root.symlinks", s.Path), s.Path, "", "the link lies below the link %s", c.out.Root.Symlinks[i-1].Path)
		}
	}
}
