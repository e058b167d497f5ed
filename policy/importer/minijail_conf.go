package importer

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"casemate/internal/caps"
)

// mjConf reads a minijail configuration file, minijail0(5): options of minijail0(1), one
// a line.
type mjConf struct {
	d       *draft
	source  Source
	own     map[string]bool // namespaces that the source makes new, by this language's names
	caps    []string
	capped  bool // it names capabilities
	ambient bool
	user    bool // it names a user
	userNS  *item
}

// mjLong are the long names of options that have a letter.
var mjLong = map[string]string{"mount": "k", "bind-mount": "b", "mount-dev": "d", "ns-mount": "v", "help": "h"}

func minijailConf(d *draft, o *Options, s Source) error {
	lines, err := logicalLines(s, "", nil)
	if err != nil {
		return err
	}
	if len(lines) == 0 || strings.TrimRight(lines[0].text, " \t") != "% minijail-config-file v0" {
		return lineFault(s, 1, "", `the first line is not "%% minijail-config-file v0"`)
	}
	c := &mjConf{d: d, source: s, own: map[string]bool{}}
	for _, l := range lines[1:] {
		text := strings.TrimSpace(l.text)
		if text == "" || text[0] == '#' {
			continue
		}
		key, value, has := strings.Cut(text, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if key == "" || has && value == "" {
			return lineFault(s, l.number, clip(text), "neither an option nor option = value")
		}
		i := &item{text: clip(text), line: l.number}
		d.items = append(d.items, i)
		if long, ok := mjLong[key]; ok {
			key = long
		}
		if err := c.option(key, value, l.number, i); err != nil {
			return err
		}
	}
	c.finish()
	d.rest(func(*item) string { return "" }, "no counterpart")
	return nil
}

// mjNamespaces are the letters that make a namespace new.
var mjNamespaces = map[string]string{"e": "net", "l": "ipc", "N": "cgroup", "uts": "uts"}

// option carries one option over. What it does not know stays open.
func (c *mjConf) option(key, value string, line int, i *item) error {
	ns := mjNamespaces[key]
	switch {
	case ns != "":
		c.namespace(ns, key, value, i)
	case key == "u":
		c.user = true
		c.d.set("exec.user", value)
		done(i)
	case key == "g":
		c.d.set("exec.group", value)
		done(i)
	case key == "add-suppl-group":
		c.d.add("exec.groups", value)
		done(i)
	case key == "c":
		return c.capabilities(value, line, i)
	case key == "ambient":
		c.ambient = true
		done(i)
	case key == "env-add":
		name, v, ok := strings.Cut(value, "=")
		if !ok {
			return lineFault(c.source, line, clip(value), "env-add wants NAME=value")
		}
		c.d.entry("exec.env", name, v)
		done(i)
	case key == "R":
		c.rlimit(value, i)
	case key == "U":
		c.userNS = i
	case (key == "m" || key == "M") && value != "":
		c.own["user"] = true
		for line := range strings.SplitSeq(value, ",") {
			c.d.add(map[string]string{"m": "namespaces.user.uid", "M": "namespaces.user.gid"}[key], strings.Join(strings.Fields(line), " "))
		}
		done(i)
	case slices.Contains([]string{"n", "v", "p", "w", "d", "env-reset"}, key):
		c.d.hold("exec", i)
	default:
		c.mounting(key, value, i)
	}
	return nil
}

func (c *mjConf) namespace(ns, key, value string, i *item) {
	c.own[ns] = true
	switch {
	case value == "":
		done(i)
	case key == "e":
		c.d.set("network.mode", "join:"+value)
		done(i)
	case key == "uts":
		c.d.set("namespaces.hostname", value)
		done(i)
	}
}

// mounting carries over what makes the tree of files.
func (c *mjConf) mounting(key, value string, i *item) {
	switch key {
	case "P", "C":
		c.d.set("root.path", path.Clean(value))
		done(i)
	case "t":
		size := "64M"
		if value != "" {
			size = tmpfsSize(value)
		}
		c.d.element("mounts.tmpfs", table{"at": "/tmp", "size": size, "mode": "1777"})
		done(i)
	case "b":
		c.bind(value, i)
	case "k":
		c.mount(value, i)
	case "r":
		c.d.lost("mounts", "/proc is writable but for its masked and read-only paths", i)
	case "profile":
		c.d.skip("root", "it shows the host's root read-only: bind what the program needs under [mounts], or state root.path", i)
	case "S", "seccomp-bpf-binary":
		c.d.skip("seccomp", "the policy file is imported beside this one: casemate import --conf CONF POLICY", i)
	case "I":
		c.d.skip("manager", "init stays: the workload is its child", i)
	case "i", "f", "logging", "L", "z", "T", "preload-library":
		c.d.skip("manager", "the program stays in the foreground under its service manager", i)
	}
}

// bind reads source[,target[,writable]]. minijail leaves what is bound executable.
func (c *mjConf) bind(value string, i *item) {
	parts := strings.Split(value, ",")
	source, at := path.Clean(parts[0]), ""
	if len(parts) > 1 {
		at = parts[1]
	}
	if at == "" {
		at = source
	}
	at = path.Clean(at)
	switch {
	case len(parts) > 3:
		c.d.skip("mounts", "not source,target,writable", i)
	case at == "/" || within(at, "/proc") || within(at, "/sys"):
		c.d.skip("mounts", "proc and sysfs have keys of their own, and the root is described under [root]", i)
	default:
		bindMount(c.d, source, at, len(parts) == 3 && parts[2] == "1", true, false)
		done(i)
	}
}

// mount reads source,target,type[,flags[,data]].
func (c *mjConf) mount(value string, i *item) {
	parts := strings.SplitN(value, ",", 5)
	for len(parts) < 5 {
		parts = append(parts, "")
	}
	source, at, kind, flags, data := parts[0], path.Clean(parts[1]), parts[2], strings.Split(parts[3], "|"), strings.Split(parts[4], ",")
	exec := parts[3] != "" && !slices.Contains(flags, "MS_NOEXEC")
	for _, f := range flags {
		if f != "" && !slices.Contains([]string{"MS_NOEXEC", "MS_NOSUID", "MS_NODEV", "MS_BIND", "MS_REC", "MS_RDONLY", "MS_SILENT"}, f) {
			c.d.skip("mounts", "unknown flag "+f, i)
			return
		}
	}
	switch {
	case slices.Contains(flags, "MS_BIND"):
		bindMount(c.d, path.Clean(source), at, !slices.Contains(flags, "MS_RDONLY"), exec, slices.Contains(flags, "MS_REC"))
		done(i)
	case kind == "proc" && at == "/proc", at == "/dev" && (kind == "tmpfs" || kind == "devtmpfs"):
		c.d.hold("mounts", i)
	case kind == "sysfs" && at == "/sys":
		c.d.set("mounts.sysfs", true)
		done(i)
	case kind == "tmpfs":
		c.tmpfs(at, exec, data, i)
	}
}

func (c *mjConf) tmpfs(at string, exec bool, data []string, i *item) {
	t := table{"at": at, "size": "10M", "mode": "0755"}
	for _, d := range data {
		key, v, _ := strings.Cut(d, "=")
		switch key {
		case "":
		case "size":
			t["size"] = tmpfsSize(v)
		case "mode":
			t["mode"] = v
		default:
			c.d.note("mounts", "the tmpfs at "+at+" belongs to exec.user and exec.group, and has no option "+d)
		}
	}
	if exec {
		t["exec"] = true
	}
	c.d.element("mounts.tmpfs", t)
	done(i)
}

// rlimit reads type,soft,hard.
func (c *mjConf) rlimit(value string, i *item) {
	parts := strings.Split(value, ",")
	if len(parts) != 3 {
		return
	}
	name := strings.ToLower(strings.TrimPrefix(parts[0], "RLIMIT_"))
	for n := 1; n < 3; n++ {
		if parts[n] != "unlimited" {
			v, err := strconv.ParseUint(parts[n], 0, 64)
			if err != nil {
				return
			}
			parts[n] = limit(v)
		}
	}
	c.d.entry("exec.rlimits", name, parts[1]+":"+parts[2])
	done(i)
}

// capabilities reads a mask, or the text form of cap_from_text(3) as far as it adds to
// the effective set: "cap_net_admin,cap_kill+e", "cap_kill=eip".
func (c *mjConf) capabilities(value string, line int, i *item) error {
	c.capped = true
	if mask, err := strconv.ParseUint(strings.TrimPrefix(value, "0x"), 16, 64); err == nil {
		for n := range 64 {
			if mask>>n&1 == 1 {
				c.caps = append(c.caps, capability(caps.Name(n)))
			}
		}
		done(i)
		return nil
	}
	for clause := range strings.FieldsSeq(value) {
		names, flags, ok := strings.Cut(strings.Replace(clause, "+", "=", 1), "=")
		if !ok || names == "" || names == "all" || strings.ContainsAny(flags, "+-=") {
			return lineFault(c.source, line, clip(value), "capabilities other than a mask or names with =flags or +flags")
		}
		if strings.Contains(flags, "e") {
			for name := range strings.SplitSeq(names, ",") {
				c.caps = append(c.caps, capability(name))
			}
		}
	}
	done(i)
	return nil
}

// finish says what the options say together.
func (c *mjConf) finish() {
	if c.userNS != nil && c.own["user"] {
		done(c.userNS)
	} else if c.userNS != nil {
		c.d.lost("namespaces", "the map of minijail's own depends on who starts it: state namespaces.user", c.userNS)
	}
	for _, ns := range []string{"net", "uts", "ipc", "cgroup"} {
		if !c.own[ns] {
			c.d.add("namespaces.share", ns)
		}
	}
	if !c.user {
		c.d.set("exec.user", "0")
		c.d.set("exec.group", "0")
	}
	if !c.capped {
		if !c.user {
			c.d.note("capabilities", "the source leaves root all its capabilities; none are kept here: name those that it needs")
		}
		return
	}
	c.d.set("capabilities.keep", []any{})
	c.d.add("capabilities.keep", c.caps...)
	if !c.ambient && c.user {
		c.d.set("capabilities.ambient", []any{})
		c.d.note("capabilities", "without ambient, the source's program has capabilities only if its file has; files give none here")
	}
}
