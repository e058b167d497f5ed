package importer

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// mount carries one element of mounts over. The kernel's own file systems have keys
// here; their options are fixed.
func (c *config) mount(m *object) {
	if m == nil {
		return
	}
	at := path.Clean(c.text(m.at("destination")))
	kind := c.text(m.at("type"))
	options := c.texts(m.at("options"))
	source := c.text(m.at("source"))
	bind := kind == "bind" || slices.Contains(options, "bind") || slices.Contains(options, "rbind")
	defer func() { done(m.under("destination", "type", "source", "options")...) }()
	fixed := func() { c.fixed(m, kind, source, at, options) }
	switch {
	case bind:
		c.bind(m, source, at, options)
	case kind == "proc" && at == "/proc" && slices.Contains(options, "subset=pid"):
		c.d.set("mounts.proc", "pid-only")
		c.fixed(m, kind, source, at, options)
	case kind == "proc" && at == "/proc", kind == "tmpfs" && at == "/dev", kind == "devpts" && at == "/dev/pts":
		fixed()
	case kind == "sysfs" && at == "/sys":
		c.d.set("mounts.sysfs", true)
		fixed()
	case kind == "mqueue" && at == "/dev/mqueue":
		c.d.set("mounts.mqueue", true)
		fixed()
	case (kind == "cgroup" || kind == "cgroup2") && at == "/sys/fs/cgroup":
		c.d.set("mounts.sysfs", true)
		c.d.set("mounts.cgroup", true)
		fixed()
	case kind == "tmpfs" && at == "/dev/shm":
		size := "64M"
		if s, ok := option(options, "size"); ok {
			size = tmpfsSize(s)
		}
		c.d.set("mounts.shm", size)
		c.d.hold("mounts", m.under("source")...)
		c.options(m, at, options, "size")
	case kind == "tmpfs":
		c.tmpfs(m, at, options)
	default:
		c.d.skip("mounts", "file systems of this type are not mounted here", m.leaves()...)
	}
}

// narrowing options of the kernel's file systems are none that these have here: their
// /proc and /dev/mqueue are writable, and every process is shown.
func narrowing(kind, option string) bool {
	name, _, _ := strings.Cut(option, "=")
	return (kind == "proc" || kind == "mqueue") && (option == "ro" || option == "rro") || kind == "proc" && (name == "hidepid" || name == "subset" && option != "subset=pid")
}

// fixed is a file system that always has the same options here.
func (c *config) fixed(m *object, kind, source, at string, options []string) {
	leaves := m.at("options").each()
	options = slices.Clone(options)
	for i := len(options) - 1; i >= 0; i-- {
		if narrowing(kind, options[i]) {
			c.d.lost("mounts", at+" always has the same options here", leaves[i].leaf)
			options = slices.Delete(options, i, i+1)
		}
	}
	c.d.comments.add("mounts", held, "", strings.TrimSpace(fmt.Sprintf("%s %s at %s %s", kind, source, at, strings.Join(options, ","))))
}

// option gives the value of name=value.
func option(options []string, name string) (string, bool) {
	for _, o := range options {
		if v, ok := strings.CutPrefix(o, name+"="); ok {
			return v, true
		}
	}
	return "", false
}

// tmpfsSize writes a size of tmpfs(5) as this language does: with capitals, and with
// the largest unit that fits.
func tmpfsSize(s string) string {
	s = strings.ToUpper(s)
	digits := strings.TrimRight(s, "KMGT")
	if len(s)-len(digits) > 1 {
		return s
	}
	return roundSize(digits, s[len(digits):])
}

// roundSize writes 65536K as 64M.
func roundSize(digits, unit string) string {
	next := map[string]string{"": "K", "K": "M", "M": "G", "G": "T"}[unit]
	n, ok := whole64(digits)
	if !ok || next == "" || n == 0 || n%1024 != 0 {
		return digits + unit
	}
	return roundSize(decimal(n/1024), next)
}

func (c *config) tmpfs(m *object, at string, options []string) {
	t := table{"at": at}
	if s, ok := option(options, "size"); ok {
		t["size"] = tmpfsSize(s)
	}
	if s, ok := option(options, "mode"); ok {
		t["mode"] = s
	}
	if !slices.Contains(options, "noexec") {
		t["exec"] = true
	}
	c.d.element("mounts.tmpfs", t)
	c.d.hold("mounts", m.under("source")...)
	c.options(m, at, options, "size", "mode", "noexec", "exec", "rw")
}

func (c *config) bind(m *object, source, at string, options []string) {
	if !path.IsAbs(source) && c.source.Dir != "" {
		source = path.Join(c.source.Dir, source)
	}
	if source = path.Clean(source); within(at, "/proc") || within(at, "/sys") {
		c.d.skip("mounts", "nothing else is mounted in /proc or /sys", m.leaves()...)
		return
	}
	c.d.hold("mounts", m.under("type")...)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(options, w) })
	}
	t := bindMount(c.d, source, at, !has("ro", "rro"), !has("noexec", "rnoexec"), has("rbind"))
	c.idmap(m, t, has("idmap", "ridmap"))
	c.options(m, at, options, "bind", "rbind", "ro", "rw", "noexec", "exec", "rro", "rnoexec", "idmap", "ridmap")
}

// idmap has the owners of a bind mapped as those of the user namespace are. Maps of the
// mount's own are carried over where they are the container's.
func (c *config) idmap(m *object, t table, wanted bool) {
	own := false
	for _, key := range []string{"uidMappings", "gidMappings"} {
		if mapping := m.at(key); mapping != nil {
			wanted = true
			if own = own || c.mapText(mapping) != c.mapText(c.root.at("linux", key)); !own {
				done(mapping.leaves()...)
			}
		}
	}
	switch {
	case own:
		c.d.note("mounts", "a mount with maps of its own has its owners unmapped here: a policy has one pair of maps")
	case wanted:
		t["idmap"] = true
	}
}

// mapText is a map in one text, to be compared.
func (c *config) mapText(list *object) string {
	var b strings.Builder
	for _, e := range c.list(list) {
		fmt.Fprintln(&b, c.unsigned(e.at("containerID")), c.unsigned(e.at("hostID")), c.unsigned(e.at("size")))
	}
	return b.String()
}

// bindMount adds a bind. What the source does not say, whether it is a directory, is
// told from the name where names are telling.
func bindMount(d *draft, source, at string, writable, exec, recursive bool) table {
	t := table{"from": source}
	if at != source {
		t["at"] = at
	}
	for key, on := range map[string]bool{"writable": writable, "exec": exec} {
		if on {
			t[key] = true
		}
	}
	switch ext := path.Ext(source); {
	case ext == ".sock" || ext == ".socket" || source == "/dev/log":
		t["type"] = "socket"
	case slices.Contains(files, source), ext == ".conf", ext == ".json", ext == ".crt", ext == ".pem", ext == ".key":
		t["type"] = "file"
	case recursive:
		t["recursive"] = true
	}
	if t["type"] == nil {
		d.note("mounts", "what is bound is taken for a directory where its name does not tell otherwise; the launch fails where it is none: add type = \"file\"")
	}
	d.element("mounts.bind", t)
	return t
}

// files that are bound often and have no telling name.
var files = []string{"/etc/hosts", "/etc/hostname", "/etc/passwd", "/etc/group", "/etc/localtime", "/etc/machine-id", "/etc/nsswitch.conf"}

// within tells whether a clean path is another one or lies below it.
func within(s, parent string) bool {
	return s == parent || strings.HasPrefix(s, strings.TrimSuffix(parent, "/")+"/")
}

// silent options change nothing that could be said here: they hold always, or are of
// time stamps.
var silent = []string{
	"nosuid", "nodev", "private", "rprivate", "noatime", "relatime", "strictatime", "nodiratime", "async", "defaults", "norelatime", "atime",
}

// options reports those of a mount that are not carried over.
func (c *config) options(m *object, at string, options []string, handled ...string) {
	leaves := m.at("options").each()
	for i, o := range options {
		name, _, _ := strings.Cut(o, "=")
		switch {
		case slices.Contains(handled, name):
		case slices.Contains(silent, o), at == "/dev/shm" && (o == "noexec" || o == "mode=1777"):
			c.d.hold("mounts", leaves[i].leaf)
		case o == "suid" || o == "dev":
			c.d.skip("mounts", "mounts are nosuid and nodev", leaves[i].leaf)
		case o == "ro":
			c.d.lost("mounts", "a tmpfs is writable", leaves[i].leaf)
		case name == "uid" || name == "gid":
			c.d.skip("mounts", "a tmpfs belongs to exec.user and exec.group", leaves[i].leaf)
		default:
			c.d.skip("mounts", "no counterpart", leaves[i].leaf)
		}
	}
}
