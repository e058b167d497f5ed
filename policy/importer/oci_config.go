package importer

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"casemate/policy/base"
)

// config reads the config.json of an OCI runtime, version 1 of the specification.
type config struct {
	*reader
	d    *draft
	o    *Options
	root *object
}

func ociConfig(d *draft, o *Options, r *reader, root *object) error {
	c := &config{reader: r, d: d, o: o, root: root}
	version := root.at("ociVersion")
	if version == nil || !strings.HasPrefix(c.text(version), "1.") {
		return faultAt(r.source, 0, "", `no ociVersion of "1.…": not a config.json of an OCI runtime`)
	}
	done(version.leaf)
	c.process(c.object(root.at("process")))
	c.rootfs(c.object(root.at("root")))
	if name := root.at("hostname"); name != nil {
		d.set("namespaces.hostname", c.text(name))
		done(name.leaf)
	}
	linux := c.object(root.at("linux"))
	c.namespaces(linux)
	c.paths(linux)
	proc := false
	for _, m := range c.list(root.at("mounts")) {
		c.mount(c.object(m))
		proc = proc || m.at("type") != nil && m.at("type").text == "proc"
	}
	if !proc {
		d.set("mounts.proc", "none")
	}
	c.resources(c.object(linux.at("resources")))
	c.nodes(linux)
	c.rest(linux)
	if r.err != nil {
		return r.err
	}
	return c.filter(linux)
}

// filter carries the profile over, or says that there is none.
func (c *config) filter(linux *object) error {
	if profile := c.object(linux.at("seccomp")); profile != nil {
		c.o.Caps = slices.Concat(c.o.Caps, c.held())
		return ociSeccomp(c.d, c.o, c.reader, profile)
	}
	withoutFilter(c.d)
	return nil
}

// withoutFilter is for sources that let every call through.
func withoutFilter(d *draft) {
	d.set("extends", list([]string{"base/daemon"}))
	d.note("seccomp", "the source has no filter. There is always one here: base/daemon grants what services commonly call; the audit log names what is missing")
}

// held gives the capabilities that the source's process has.
func (c *config) held() []string { return c.d.list("capabilities.ambient") }

// configSection is where a person would look for the counterpart of an item.
func configSection(i *item) string {
	for _, s := range []struct{ prefix, section string }{
		{"process.", "exec"}, {"root.", "root"}, {"mounts[", "mounts"}, {"linux.seccomp", "seccomp"}, {"linux.resources", "cgroup"},
		{"linux.namespaces", "namespaces"}, {"linux.devices", "cgroup"}, {"linux.", "namespaces"}, {"hooks", "manager"},
	} {
		if strings.HasPrefix(i.text, s.prefix) {
			return s.section
		}
	}
	return ""
}

func (c *config) process(p *object) {
	if args := c.texts(p.at("args")); len(args) > 0 {
		c.d.set("exec.argv", list(args))
		done(p.at("args").leaves()...)
		if !path.IsAbs(args[0]) {
			c.d.note("exec", "PATH is not searched: write the path of "+args[0])
		}
	}
	c.env(p)
	c.simple(p, "cwd", "exec.cwd")
	c.simple(p, "apparmorProfile", "lsm.apparmor.profile")
	c.simple(p, "selinuxLabel", "lsm.selinux.label")
	if tty := p.at("terminal"); tty != nil {
		c.switched(tty, "exec.tty")
	}
	if n := p.at("oomScoreAdj"); n != nil {
		c.d.set("exec.oom_score_adj", c.integer(n))
		done(n.leaf)
	}
	if nnp := p.at("noNewPrivileges"); nnp != nil {
		if c.flag(nnp) {
			c.d.hold("exec", nnp.leaf)
		} else {
			c.d.skip("exec", "no_new_privs is always set", nnp.leaf)
		}
	}
	c.user(c.object(p.at("user")))
	c.capabilities(c.object(p.at("capabilities")))
	for _, l := range c.list(p.at("rlimits")) {
		name := strings.ToLower(strings.TrimPrefix(c.text(l.at("type")), "RLIMIT_"))
		if limits, _ := c.d.get("exec.rlimits").(table); limits[name] != nil {
			c.fail(l, "%s is limited twice", name) // which runtimes must refuse (config.md, rlimits)
		}
		c.d.entry("exec.rlimits", name, limit(c.unsigned(l.at("soft")))+":"+limit(c.unsigned(l.at("hard"))))
		done(l.under("type", "soft", "hard")...)
	}
}

// simple carries a string over as it is; an empty one says nothing.
func (c *config) simple(o *object, key, path string) {
	if v := o.at(key); v != nil {
		if s := c.text(v); s != "" {
			c.d.set(path, s)
		}
		done(v.leaf)
	}
}

// switched carries a boolean over whose absence is false.
func (c *config) switched(o *object, path string) {
	if !c.flag(o) {
		c.d.hold(strings.Split(path, ".")[0], o.leaf)
		return
	}
	c.d.set(path, true)
	done(o.leaf)
}

func (c *config) env(p *object) {
	for _, e := range c.list(p.at("env")) {
		name, value, ok := strings.Cut(c.text(e), "=")
		if !ok {
			c.d.skip("exec", "no = in it", e.leaf)
			continue
		}
		c.d.entry("exec.env", name, value)
		done(e.leaf)
	}
}

// limit writes a bound of setrlimit(2).
func limit(n uint64) string {
	if n == ^uint64(0) {
		return "unlimited"
	}
	return fmt.Sprint(n)
}

func (c *config) user(u *object) {
	if u == nil {
		return
	}
	id := func(key string) string {
		o := u.at(key)
		if o == nil {
			return "0"
		}
		done(o.leaf)
		return fmt.Sprint(c.unsigned(o))
	}
	c.d.set("exec.user", id("uid"))
	c.d.set("exec.group", id("gid"))
	for _, g := range c.list(u.at("additionalGids")) {
		c.d.add("exec.groups", fmt.Sprint(c.unsigned(g)))
		done(g.leaf)
	}
	if m := u.at("umask"); m != nil {
		c.d.set("exec.umask", fmt.Sprintf("%04o", c.unsigned(m)))
		done(m.leaf)
	}
}

// capabilities: without file capabilities and set-user-ID there are two things left to
// say. What the process holds is, for uid 0, its effective set; else what is ambient.
func (c *config) capabilities(caps *object) {
	if caps == nil {
		return
	}
	set := func(name string) []string {
		var all []string
		for _, s := range c.texts(caps.at(name)) {
			all = append(all, capability(s))
		}
		return all
	}
	bounding, effective, ambient := set("bounding"), set("effective"), set("ambient")
	// Without file capabilities the other sets follow from these.
	c.d.hold("capabilities", slices.Concat(caps.at("permitted").leaves(), caps.at("inheritable").leaves())...)
	held := ambient
	if c.d.get("exec.user") == "0" {
		held = effective
	} else {
		c.d.hold("capabilities", caps.at("effective").leaves()...)
		c.d.note("capabilities", "held are the ambient ones: for a user who is not root the effective set ends at execve")
	}
	done(caps.under("bounding", "effective", "ambient")...)
	held = slices.DeleteFunc(slices.Clone(held), func(s string) bool { return !slices.Contains(bounding, s) })
	c.d.set("capabilities.keep", []any{})
	c.d.add("capabilities.keep", bounding...)
	c.d.set("capabilities.ambient", []any{})
	c.d.add("capabilities.ambient", held...)
}

func (c *config) rootfs(r *object) {
	if r == nil {
		return
	}
	name := r.at("path")
	switch where := c.text(name); {
	case name == nil:
	case path.IsAbs(where):
		c.d.set("root.path", path.Clean(where))
		done(name.leaf)
	case c.source.Dir != "":
		c.d.set("root.path", path.Join(c.source.Dir, where))
		done(name.leaf)
	default:
		c.d.skip("root", "it is relative to the bundle, whose place is not known: state root.path", name.leaf)
	}
	if ro := r.at("readonly"); ro != nil && c.flag(ro) {
		c.d.hold("root", ro.leaf)
		return
	}
	done(r.at("readonly").leaves()...)
	if c.d.get("root.path") != nil {
		c.d.set("root.writable", true)
	}
}

// namespaces: what the source does not list, it shares with the host.
func (c *config) namespaces(linux *object) {
	names := map[string]string{"network": "net", "uts": "uts", "ipc": "ipc", "cgroup": "cgroup"}
	seen := map[string]bool{}
	for _, n := range c.list(linux.at("namespaces")) {
		kind, where := c.text(n.at("type")), n.at("path")
		seen[kind] = true
		switch {
		case kind == "network" && where != nil:
			c.d.set("network.mode", "join:"+c.text(where))
		case where != nil:
			c.d.skip("namespaces", "only a network namespace can be joined", n.leaves()...)
		case kind == "user":
			c.maps(linux)
		case kind == "time":
			c.offsets(linux)
		case kind == "pid" || kind == "mount":
			c.d.hold("namespaces", n.under("type")...)
		case names[kind] == "":
			continue
		}
		done(n.under("type", "path")...)
	}
	for _, kind := range []string{"network", "uts", "ipc", "cgroup"} {
		if !seen[kind] {
			c.d.add("namespaces.share", names[kind])
		}
	}
	if !seen["pid"] {
		c.d.note("namespaces", "the source shares the host's process ids; a PID namespace is always new here")
	}
}

func (c *config) maps(linux *object) {
	for _, m := range []struct{ from, to string }{{"uidMappings", "uid"}, {"gidMappings", "gid"}} {
		for _, e := range c.list(linux.at(m.from)) {
			c.d.add("namespaces.user."+m.to, fmt.Sprintf("%d %d %d", c.unsigned(e.at("containerID")), c.unsigned(e.at("hostID")), c.unsigned(e.at("size"))))
			done(e.under("containerID", "hostID", "size")...)
		}
	}
}

func (c *config) offsets(linux *object) {
	for _, clock := range []string{"monotonic", "boottime"} {
		if o := linux.at("timeOffsets", clock); o != nil {
			c.d.set("namespaces.time."+clock, c.integer(o.at("secs")))
			if ns := o.at("nanosecs"); ns != nil && c.integer(ns) != 0 {
				c.d.set("namespaces.time."+clock+"_nsec", c.integer(ns))
			}
			done(o.under("secs", "nanosecs")...)
		}
	}
}

// paths are those that the source masks or makes read-only. Whether one that is none of
// the defaults is a directory, which ends in a slash here, only its host knows.
func (c *config) paths(linux *object) {
	defaults := base.Masks()
	all := slices.Concat(defaults.Mask, defaults.Readonly)
	for _, l := range []struct{ from, to string }{{"maskedPaths", "masks.mask"}, {"readonlyPaths", "masks.readonly"}} {
		for _, e := range c.list(linux.at(l.from)) {
			name := path.Clean(c.text(e))
			if slices.Contains(all, name) && (l.to == "masks.readonly" || slices.Contains(defaults.Mask, name)) {
				c.d.hold("masks", e.leaf)
				continue
			}
			c.d.lost("masks", "it may be a file or a directory: add it to "+l.to+", a directory with a slash at its end", e.leaf)
		}
	}
}

// rest is what has no section of its own.
func (c *config) rest(linux *object) {
	for _, key := range []string{"rootfsPropagation"} {
		if v := linux.at(key); v != nil && (c.text(v) == "private" || c.text(v) == "rprivate") {
			c.d.hold("mounts", v.leaf)
		}
	}
	reasons := map[string]string{
		"sysctl": "sysctls are not set", "cgroupsPath": "the cgroup is named after the service",
		"rootfsPropagation": "mounts are private", "mountLabel": "mounts get no label",
	}
	for _, key := range []string{"sysctl", "cgroupsPath", "rootfsPropagation", "mountLabel"} {
		for _, i := range linux.at(key).leaves() {
			c.d.skip(configSection(i), reasons[key], i)
		}
	}
	c.d.skip("manager", "nothing is run beside the workload", c.root.at("hooks").leaves()...)
	c.d.skip("", "annotations are for the runtime", c.root.at("annotations").leaves()...)
}
