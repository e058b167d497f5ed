package importer

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// tree is what a service sees. A unit without a root of its own sees the whole host;
// here it sees programs, libraries and settings, and what the unit names.
type tree struct {
	u     *service
	own   bool             // the root is assembled here
	have  map[string]bool  // where something is mounted, or a link
	binds map[string]table // those of the host's paths
}

// usr are the places of programs and libraries on a merged /usr.
var usr = map[string]any{"/bin": "usr/bin", "/lib": "usr/lib", "/lib64": "usr/lib64", "/sbin": "usr/sbin"}

func (u *service) files() {
	t := &tree{u: u, own: true, have: map[string]bool{}, binds: map[string]table{}}
	t.root()
	if t.own {
		t.system()
	}
	t.private()
	t.directories()
	t.lists()
	t.home()
	if u.is("MountAPIVFS") || !t.own {
		return
	}
	u.d.note("mounts", "the unit's service sees the whole host, writable where its user may write; here it sees /usr, /etc and what is listed")
}

// root is a directory or an image of its own.
func (t *tree) root() {
	if dir, ok := t.u.last("RootDirectory"); ok && dir.value != "/" {
		t.own = false
		t.u.d.set("root.path", path.Clean(dir.value))
		t.u.d.note("root", "the source's root is writable where its user may write; it is read-only here unless root.writable is set")
		done(dir.item)
	} else if ok {
		done(dir.item)
	}
	if image, ok := t.u.last("RootImage"); ok {
		t.own = false
		t.u.d.set("root.image.file", image.value)
		done(image.item)
	}
	if tree, ok := t.u.last("RootVerity"); ok {
		t.u.d.set("root.image.verity", tree.value)
		done(tree.item)
	}
	if hash, ok := t.u.last("RootHash"); ok {
		t.u.d.set("root.image.root_hash", hash.value)
		done(hash.item)
	}
}

// system shows the host's programs and settings.
func (t *tree) system() {
	d := t.u.d
	for name, target := range usr {
		d.entry("root.symlinks", name, target)
		t.have[name] = true
	}
	t.directory("/usr", true)
	t.directory("/etc", false)
	argv := d.list("exec.argv")
	if len(argv) == 0 || !path.IsAbs(argv[0]) {
		return
	}
	if dir := path.Dir(path.Clean(argv[0])); !t.visible(dir) {
		t.directory(dir, true)
	}
}

// directory shows one of the host's, read-only.
func (t *tree) directory(name string, exec bool) {
	m := table{"from": name}
	if exec {
		m["exec"] = true
	}
	t.u.d.element("mounts.bind", m)
	t.have[name], t.binds[name] = true, m
}

// visible tells whether a path lies in something that is there.
func (t *tree) visible(name string) bool {
	for ; ; name = path.Dir(name) {
		if t.have[name] {
			return true
		}
		if name == "/" || name == "." {
			return !t.own
		}
	}
}

// private are the places for scratch files.
func (t *tree) private() {
	tmp, ok := t.u.last("PrivateTmp")
	if !ok {
		return
	}
	if on, known := boolean(tmp.value); known && !on {
		t.u.d.skip("mounts", "the host's /tmp is not shown; PrivateTmp=yes would be a tmpfs", tmp.item)
		return
	}
	for _, at := range []string{"/tmp", "/var/tmp"} {
		t.tmpfs(table{"at": at, "mode": "1777"})
	}
	done(tmp.item)
}

func (t *tree) tmpfs(element table) {
	at := element["at"].(string)
	if !t.have[at] {
		t.have[at] = true
		t.u.d.element("mounts.tmpfs", element)
	}
}

// ofService are the directories that systemd makes for a service.
var ofService = []struct{ key, parent string }{
	{"StateDirectory", "/var/lib"}, {"CacheDirectory", "/var/cache"}, {"LogsDirectory", "/var/log"}, {"ConfigurationDirectory", "/etc"},
}

func (t *tree) directories() {
	for _, one := range t.u.values["RuntimeDirectory"] {
		for name := range strings.FieldsSeq(one.value) {
			t.tmpfs(table{"at": path.Join("/run", name), "mode": t.mode("RuntimeDirectoryMode")})
		}
		done(one.item)
	}
	done(itemsOf(t.u.values["RuntimeDirectoryMode"])...)
	for _, dir := range ofService {
		for _, one := range t.u.values[dir.key] {
			for name := range strings.FieldsSeq(one.value) {
				name, _, _ = strings.Cut(name, ":")
				t.bind(path.Join(dir.parent, name), "", dir.parent != "/etc", false)
			}
			done(one.item)
			t.u.d.note("mounts", "StateDirectory= and its like stay in the unit that runs casemate-shim too, so that the directories are made")
		}
	}
}

// mode gives the permission bits of a directory, those that a tmpfs can have.
func (t *tree) mode(key string) string {
	one, ok := t.u.last(key)
	if !ok {
		return "0755"
	}
	digits := one.value
	if len(digits) == 4 && digits[0] > '1' {
		t.u.d.note("mounts", key+"="+digits+": a tmpfs has no set-user-ID or set-group-ID bit")
		digits = digits[1:]
	}
	return digits
}

// bind shows a path of the host once.
func (t *tree) bind(from, at string, writable, exec bool) {
	from = path.Clean(from)
	if rest, ok := strings.CutPrefix(from, "/var/run/"); ok { // a link to /run
		from = "/run/" + rest
	}
	if at == "" {
		at = from
	}
	if at = path.Clean(at); !t.have[at] {
		t.have[at] = true
		t.binds[at] = bindMount(t.u.d, from, at, writable, exec, false)
	}
}

// lists are the lists of paths.
func (t *tree) lists() {
	// What takes away comes last, when all that it takes from is there.
	for _, key := range []string{"TemporaryFileSystem", "BindReadOnlyPaths", "BindPaths", "ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths"} {
		for _, one := range t.u.values[key] {
			paths, ok := words(one.value)
			if !ok {
				t.u.d.skip("mounts", "its quotes or escapes are not understood", one.item)
				continue
			}
			before := len(t.have)
			for _, p := range paths {
				t.listed(key, p, one)
			}
			if len(t.have) == before { // it names what is not there, or is so already
				t.u.d.hold("mounts", one.item)
			}
			done(one.item)
		}
	}
}

func (t *tree) listed(key, p string, one directive) {
	p, optional := strings.CutPrefix(strings.TrimPrefix(p, "+"), "-")
	p = strings.TrimPrefix(p, "+")
	parts := strings.SplitN(p, ":", 3)
	if !path.IsAbs(parts[0]) {
		t.u.d.skip("mounts", "not an absolute path", one.item)
		return
	}
	name := path.Clean(parts[0])
	if optional && key != "InaccessiblePaths" {
		t.u.d.note("mounts", "what may be missing for systemd (a - before the path) has to be there for a launch")
	}
	switch key {
	case "ReadWritePaths":
		t.bind(name, "", true, false)
	case "ReadOnlyPaths":
		t.readOnly(name)
	case "InaccessiblePaths":
		if below := t.shownBelow(name); below != "" && !t.visible(name) {
			t.u.d.lost("masks", "systemd hides what lies in it too, and "+below+" is shown here: leave it out of the mounts", one.item)
		} else if t.visible(name) {
			t.u.d.lost("masks", "it may be a file or a directory: add it to masks.mask, a directory with a slash at its end", one.item)
		}
	case "TemporaryFileSystem":
		t.temporary(name, parts[1:])
	default:
		at := name
		if len(parts) > 1 && parts[1] != "" {
			at = parts[1]
		}
		if len(parts) > 2 && !slices.Contains([]string{"rbind", "norbind"}, parts[2]) {
			t.u.d.note("mounts", key+": options other than rbind are not known: "+parts[2])
		}
		t.bind(name, at, key == "BindPaths", false)
	}
}

// readOnly shows a path that cannot be written, also where it lies in one that can.
func (t *tree) readOnly(name string) {
	if rest, ok := strings.CutPrefix(name, "/var/run/"); ok {
		name = "/run/" + rest
	}
	delete(t.binds[name], "writable") // of two that say otherwise systemd takes the stricter
	for parent := name; ; parent = path.Dir(parent) {
		if m := t.binds[parent]; m != nil && m["writable"] == nil {
			return
		}
		if t.have[parent] || parent == "/" {
			break
		}
	}
	t.bind(t.source(name), name, false, false)
}

// source is where the host has what a path inside shows: below a bind from elsewhere, it
// is elsewhere.
func (t *tree) source(name string) string {
	for parent := name; parent != "/"; parent = path.Dir(parent) {
		if m := t.binds[parent]; m != nil {
			return path.Join(m["from"].(string), strings.TrimPrefix(name, parent))
		}
	}
	return name
}

// shownBelow gives a path in a directory at which a mount shows something of the host; ""
// for none.
func (t *tree) shownBelow(dir string) string {
	for _, name := range slices.Sorted(maps.Keys(t.binds)) {
		if name != dir && within(name, dir) {
			return name
		}
	}
	return ""
}

// home is ProtectHome=. With yes, systemd hides what other keys show below these, too.
func (t *tree) home() {
	one, ok := t.u.last("ProtectHome")
	if !ok {
		return
	}
	if on, _ := boolean(one.value); on && t.own {
		for _, dir := range []string{"/home", "/root", "/run/user"} {
			below := t.shownBelow(dir)
			if t.binds[dir] != nil {
				below = dir
			}
			if below != "" {
				t.u.d.lost("masks", "systemd hides "+dir+" with all that lies in it, and "+below+" is shown here: leave it out of the mounts", one.item)
				return
			}
		}
	}
	t.u.always(one)
}

// temporary is a tmpfs with options of mount(8).
func (t *tree) temporary(at string, options []string) {
	element := table{"at": at, "mode": "0755"}
	for o := range strings.SplitSeq(strings.Join(options, ","), ",") {
		name, value, _ := strings.Cut(o, "=")
		switch name {
		case "", "nosuid", "nodev", "noexec", "rw":
		case "size":
			element["size"] = tmpfsSize(value)
		case "mode":
			element["mode"] = value
		default:
			t.u.d.note("mounts", "the tmpfs at "+at+" has no option "+o)
		}
	}
	if t.have[at] {
		t.u.d.note("mounts", "TemporaryFileSystem="+at+" hides what is there in the source; here the host's "+at+" is shown: the policy is weaker than its source for it")
	}
	t.tmpfs(element)
}
