package compile

import (
	"slices"

	"casemate/internal/sealed"
	"casemate/policy/syntax"

	"golang.org/x/sys/unix"
)

// Sizes where the policy states none. A tmpfs without bounds would fill the host's
// memory (tmpfs(5)), so there is none.
const (
	defaultTmpfs = "16M"
	pageSize     = 4096
	leastInodes  = 16
	mostInodes   = 65536

	devSize   = 16 << 10 // nodes and links take no data; the mount points below need no more
	devInodes = 64
)

// mounts resolves everything mounted besides the root.
func (c *compiler) mounts() {
	c.builtin()
	for i := range c.file.Mounts.Tmpfs {
		c.tmpfs(i)
	}
	for i := range c.file.Mounts.Bind {
		c.bind(i)
	}
	slices.SortStableFunc(c.out.Mounts, func(a, b sealed.Mount) int { return byPath(a.Target, b.Target) })
	c.tree()
}

// builtin adds the file systems of the kernel, each at its one place.
func (c *compiler) builtin() {
	m, f := &c.file.Mounts, c.file
	add := func(key string, mount sealed.Mount) {
		mount.At = at(f.Pos("mounts." + key))
		c.out.Mounts = append(c.out.Mounts, mount)
	}
	if given(m.Proc, "masked") != "none" {
		// Writable, for /proc/self: what must not be written is masked or read-only.
		add("proc", sealed.Mount{Kind: sealed.Proc, Target: "/proc", Writable: true, PIDOnly: c.pidOnly()})
	}
	if given(m.Sysfs, false) {
		add("sysfs", sealed.Mount{Kind: sealed.Sysfs, Target: "/sys"})
	}
	if given(m.Dev, "minimal") != "none" {
		add("dev", sealed.Mount{Kind: sealed.Dev, Target: "/dev", Devices: true, Size: devSize, Inodes: devInodes})
	}
	if given(m.Mqueue, false) {
		add("mqueue", sealed.Mount{Kind: sealed.Mqueue, Target: "/dev/mqueue", Writable: true})
		c.ownNamespace("mounts.mqueue", unix.CLONE_NEWIPC, "ipc", "the message queues would be the host's")
	}
	if m.Shm != nil {
		size := c.size(*m.Shm, f.Pos("mounts.shm"))
		add("shm", sealed.Mount{Kind: sealed.Tmpfs, Target: "/dev/shm", Writable: true, Size: size, Inodes: inodes(size), Mode: 0o1777})
	}
	if given(m.Cgroup, false) {
		add("cgroup", sealed.Mount{Kind: sealed.Cgroup2, Target: "/sys/fs/cgroup"})
		c.ownNamespace("mounts.cgroup", unix.CLONE_NEWCGROUP, "cgroup", "the cgroup tree would be the host's")
		if !given(m.Sysfs, false) {
			c.fail(f.Pos("mounts.cgroup"), "mounts.cgroup", "add: sysfs = true", "the cgroup tree is mounted inside sysfs, which is not mounted")
		}
	}
}

// pidOnly: a procfs with nothing that would have to be masked.
func (c *compiler) pidOnly() bool { return given(c.file.Mounts.Proc, "") == "pid-only" }

// ownNamespace demands that a namespace is not shared.
func (c *compiler) ownNamespace(key string, flag uint64, name, danger string) {
	if c.out.Namespaces.New&flag == 0 {
		c.fail(c.file.Pos(key), key, "do not share "+name, "%s", danger)
	}
}

// tmpfs resolves one entry of mounts.tmpfs. It belongs to the workload's user: a
// scratch file system that its user cannot write would be a mistake.
func (c *compiler) tmpfs(i int) {
	t := &c.file.Mounts.Tmpfs[i]
	m := sealed.Mount{Kind: sealed.Tmpfs, Writable: true, Exec: t.Exec, NoFollow: t.NoFollow, UID: c.out.Exec.UID, GID: c.out.Exec.GID}
	m.Target = c.target(t.At, c.pos("mounts.tmpfs", i, "at"))
	m.At = at(c.file.Pos("mounts.tmpfs", i))
	m.Size = c.size(given(t.Size, defaultTmpfs), c.pos("mounts.tmpfs", i, "size"))
	m.Inodes = inodes(m.Size)
	if t.Inodes != nil {
		m.Inodes = uint64(*t.Inodes)
	}
	mode, ok := octal(given(t.Mode, "0700"), 0o1777)
	if !ok {
		c.fail(c.pos("mounts.tmpfs", i, "mode"), *t.Mode, `octal: "0755", "1777"`, "not permission bits")
	}
	m.Mode = mode
	if t.Exec && m.Target != "" {
		c.need("mounts."+m.Target, c.pos("mounts.tmpfs", i, "exec"), "what is written there can be executed")
	}
	c.add(m)
}

// add keeps a mount whose target is good.
func (c *compiler) add(m sealed.Mount) {
	if m.Target != "" {
		c.out.Mounts = append(c.out.Mounts, m)
	}
}

// inodes is the default bound: one file for every page of data.
func inodes(size uint64) uint64 { return min(max(size/pageSize, leastInodes), mostInodes) }

func (c *compiler) size(s string, p syntax.Position) uint64 {
	n, ok := parseSize(s)
	switch {
	case !ok:
		c.fail(p, s, sizeHint(s), "not a size")
	case n < pageSize:
		c.fail(p, s, "the least is one page, 4K", "the size is too small")
	}
	return n
}

// target checks where a mount of the policy goes; "" for a bad place.
func (c *compiler) target(s string, p syntax.Position) string {
	switch s = c.cleanPath(s, p); {
	case s == "/":
		c.fail(p, s, "the root is described under [root]", "a mount over the root")
		return ""
	case within(s, "/proc"), within(s, "/sys"):
		c.fail(p, s, "proc, sysfs and cgroup have keys of their own under [mounts]", "nothing else is mounted in /proc or /sys")
		return ""
	case within(s, "/dev/casemate"):
		c.fail(p, s, "see [manager]", "the directory is that of the contract with the service manager")
		return ""
	}
	return s
}

// tree checks the sorted mounts and the links against each other.
func (c *compiler) tree() {
	mounts := c.out.Mounts
	for i, m := range mounts {
		for j := range mounts[:i] {
			switch earlier := &mounts[j]; {
			case m.Target == earlier.Target:
				c.failAt(m, "another mount is there already, of %s", earlier.At)
			case earlier.Type != sealed.Directory && below(m.Target, earlier.Target):
				c.failAt(m, "it lies below %s, which is no directory", earlier.Target)
			}
		}
		for _, s := range c.out.Root.Symlinks {
			p := c.file.KeyPos("root.symlinks", s.Path)
			switch {
			case within(m.Target, s.Path):
				c.fail(p, s.Path, "mount at the link's target", "a mount lies at or below the link, %s", m.Target)
			case below(s.Path, m.Target):
				c.fail(p, s.Path, "links are made in the root itself", "the link lies in a mount, %s", m.Target)
			}
		}
	}
}

// failAt reports a fault of a mount at its place in the policy.
func (c *compiler) failAt(m sealed.Mount, format string, args ...any) {
	c.fail(c.placeOf(m.Target), m.Target, "", format, args...)
}

// placeOf finds the place of a mount by its target, the policy's own mounts first.
func (c *compiler) placeOf(target string) syntax.Position {
	for i, b := range c.file.Mounts.Bind {
		if given(b.At, b.From) == target {
			return c.file.Pos("mounts.bind", i)
		}
	}
	for i, t := range c.file.Mounts.Tmpfs {
		if t.At == target {
			return c.file.Pos("mounts.tmpfs", i)
		}
	}
	return c.file.Pos("mounts")
}
