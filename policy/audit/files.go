package audit

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"casemate/internal/sealed"
	"casemate/policy/base"
	"casemate/policy/danger"
	"casemate/policy/tree"

	"golang.org/x/sys/unix"
)

// mount records a finding about a mount, under the key that its reason has.
func (v *view) mount(m *sealed.Mount, severity Severity, format string, args ...any) {
	subject := "mounts." + word(m.Target)
	if m.Source != "" {
		subject += " " + word(m.Source) // another source at the same place is another finding
	}
	v.found(Finding{Subject: subject, At: m.At, Severity: severity, Message: fmt.Sprintf(format, args...)})
}

// word is a path as one word, so that two paths cannot be shifted into one another.
func word(path string) string {
	if strings.Contains(path, " ") {
		return strconv.Quote(path)
	}
	return path
}

func (v *view) root(subject string, severity Severity, format string, args ...any) {
	v.found(Finding{Subject: subject, At: v.policy.Root.At, Severity: severity, Message: fmt.Sprintf(format, args...)})
}

func writableExecutable(v *view) {
	if r := &v.policy.Root; r.Writable && r.Path != "" {
		v.root("root.writable", 0, "the root %s is writable and executable", r.Path)
	}
	for i := range v.policy.Mounts {
		if m := &v.policy.Mounts[i]; m.Writable && m.Exec {
			v.mount(m, 0, "%s is writable and executable", m.Target)
		}
	}
}

// stateDirs are where services keep what they write, hier(7).
var stateDirs = []string{"/var/lib", "/var/cache", "/var/log", "/var/spool", "/srv", "/data"}

func hostPaths(v *view) {
	if r := &v.policy.Root; r.Path != "" {
		if why := danger.Source(r.Path, r.Writable); why != "" {
			v.root("root.path "+word(r.Path), 0, "the root is %s of the host: %s", r.Path, why)
		}
	}
	for i := range v.policy.Mounts {
		m := &v.policy.Mounts[i]
		if m.Kind != sealed.Bind {
			continue
		}
		why := danger.Source(m.Source, m.Writable)
		switch {
		case why != "":
			v.mount(m, 0, "%s of the host is bound to %s: %s", m.Source, m.Target, why)
		case m.Writable && m.Type != sealed.Socket && !slices.ContainsFunc(stateDirs, func(d string) bool { return below(m.Source, d) }):
			v.mount(m, Medium, "%s of the host is writable at %s", m.Source, m.Target)
		}
	}
}

// below reports whether a path lies in a directory and is not the directory.
func below(path, dir string) bool { return path != dir && tree.Within(path, dir) }

// defaultMasks are read once: they are text.
var defaultMasks = sync.OnceValue(base.Masks)

func missingMasks(v *view) {
	defaults := defaultMasks()
	v.uncovered(defaults.Mask, tree.Masked, "masked")
	v.uncovered(defaults.Readonly, tree.ReadOnly, "read-only")
}

// uncovered finds paths of the mounted proc and sysfs that allow more than they should.
func (v *view) uncovered(paths []string, most tree.Access, word string) {
	for _, path := range paths {
		s := tree.At(v.policy, path)
		if s.Mount != nil && (s.Mount.Kind == sealed.Proc || s.Mount.Kind == sealed.Sysfs) && s.Access > most {
			v.found(Finding{Subject: "masks." + path, At: v.unmasked(path), Message: path + " is not " + word})
		}
	}
}

// unmasked is where the policy takes a default away.
func (v *view) unmasked(path string) string {
	if v.Text != nil {
		for i, s := range v.Text.File.Masks.Unmask {
			if strings.TrimSuffix(s, "/") == path {
				return line(v.Text.File.Pos("masks.unmask", i))
			}
		}
	}
	return ""
}

// mountCalls give a way to look under a mask: to unmount it, move it, or mount a fresh
// procfs.
var mountCalls = []string{"umount2", "mount", "move_mount", "open_tree", "open_tree_attr", "fsmount", "pivot_root"}

func defeatedMasks(v *view) {
	if len(v.policy.Masks)+len(v.policy.ReadOnly) == 0 {
		return
	}
	if name, w := v.anyAllowed(mountCalls...); name != "" {
		switch {
		case v.holds(bit(unix.CAP_SYS_ADMIN)):
			v.call(name, w, 0, "the masks can be undone: "+name+" is allowed and SYS_ADMIN held")
		case v.makesUserNamespaces():
			v.call(name, w, 0, "the masks can be undone: "+name+" is allowed in a user namespace of one's own")
		}
	}
	for i := range v.policy.Mounts {
		m := &v.policy.Mounts[i]
		if m.Kind == sealed.Bind && (tree.Within(m.Source, "/proc") || tree.Within(m.Source, "/sys") || m.Recursive && (m.Source == "/")) {
			v.mount(m, 0, "what the masks hide is seen at %s, where %s of the host is bound", m.Target, m.Source)
		}
	}
}

func unverifiedImage(v *view) {
	if i := &v.policy.Root.Image; i.File != "" && i.Verity == "" {
		severity := Severity(0)
		if inMutableDir(i.File) {
			severity = High
		}
		v.root("root.image "+word(i.File), severity, "the root is the image %s, without a root hash", i.File)
	}
}

func unboundMemory(v *view) {
	most, ok := v.limit("memory.max")
	if !ok {
		return
	}
	for i := range v.policy.Mounts {
		if m := &v.policy.Mounts[i]; m.Kind == sealed.Tmpfs && m.Size > most {
			v.mount(m, 0, "%s may hold %d bytes, and memory.max is %d", m.Target, m.Size, most)
		}
	}
}

// limit reads a cgroup file that is a number; false where it is not set, or "max".
func (v *view) limit(file string) (uint64, bool) {
	for _, l := range v.policy.Limits {
		if l.File == file {
			n, err := strconv.ParseUint(l.Value, 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}

// mutableDirs of a host are written while it runs, by more than its image.
var mutableDirs = []string{"/var", "/home", "/run", "/tmp", "/mnt", "/media", "/srv", "/root", "/dev/shm"}

func inMutableDir(path string) bool {
	return slices.ContainsFunc(mutableDirs, func(d string) bool { return tree.Within(path, d) })
}

// codeSuffixes of scripts and configuration, which programs are given as arguments; a
// directory of state is an argument too, and is meant to be written.
var codeSuffixes = []string{".sh", ".py", ".pl", ".rb", ".js", ".lua", ".php", ".conf", ".cfg", ".ini", ".toml", ".yaml", ".yml", ".json", ".xml"}

func mutableCode(v *view) {
	for i := range v.policy.Mounts {
		m := &v.policy.Mounts[i]
		if m.Kind != sealed.Bind || !m.Exec {
			continue
		}
		if inMutableDir(m.Source) {
			v.mount(m, 0, "programs are executed from %s of the host, which is written while it runs", m.Source)
		}
	}
	if inMutableDir(v.policy.Root.Path) {
		v.root("root.path "+word(v.policy.Root.Path), 0, "the root is %s of the host, which is written while it runs", v.policy.Root.Path)
	}
	for _, arg := range v.policy.Exec.Argv[1:] {
		if !strings.HasPrefix(arg, "/") || !slices.Contains(codeSuffixes, path.Ext(arg)) {
			continue
		}
		if s := tree.At(v.policy, path.Clean(arg)); s.Access == tree.Writable && s.Mount != nil && s.Mount.Kind == sealed.Bind {
			v.mount(s.Mount, 0, "the program is given %q, which it can write", arg)
		}
	}
}
