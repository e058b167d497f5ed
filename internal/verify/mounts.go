package verify

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"casemate/internal/mount"
)

// found is one line of /proc/PID/mountinfo, proc_pid_mountinfo(5).
type found struct {
	path, options string
	shared        bool // a peer group: mounts would propagate
}

// mounts compares the whole tree: every mount that should be there with its flags,
// and no other - an old root that was not detached shows here and nowhere else.
func (r *reader) mounts(t Target) {
	b, err := r.proc.read("mountinfo")
	r.fail("mountinfo", err)
	tree := map[string][]found{}
	for line := range bytes.Lines(b) {
		f, err := parseMount(string(line))
		r.fail("mountinfo", err)
		tree[f.path] = append(tree[f.path], f)
	}
	var recursive []string
	for _, p := range mount.Expected(t.Policy, t.Facts) {
		r.add("mount "+p.Path, p.Flags, flags(tree[p.Path], p))
		delete(tree, p.Path)
		if p.Below {
			recursive = append(recursive, p.Path+"/")
		}
	}
	for path := range tree {
		if !below(path, recursive) {
			r.add("mount "+path, "(absent)", "(mounted)")
		}
	}
}

func below(path string, dirs []string) bool {
	for _, d := range dirs {
		if strings.HasPrefix(path, d) {
			return true
		}
	}
	return false
}

// flags are those wanted ones that the mount at a point has. There is one mount at a
// point; two, a mount and its copy, where it lies below a read-only path, and then
// both must have them.
func flags(all []found, p mount.Point) string {
	if len(all) == 0 {
		return "(absent)"
	}
	if len(all) > 1+p.Copies {
		return "(stacked)"
	}
	have := ""
	for _, f := range all {
		if have = f.flags(p.Flags); have != p.Flags {
			break
		}
	}
	return have
}

func (f found) flags(want string) string {
	if f.shared {
		return "(shared with the host)"
	}
	have := "," + f.options + ","
	var words []string
	for w := range strings.SplitSeq(want, ",") {
		if strings.Contains(have, ","+w+",") {
			words = append(words, w)
		}
	}
	return strings.Join(words, ",")
}

// parseMount reads one line: id, parent, device, root, mount point, options,
// optional fields up to "-", and the file system.
func parseMount(line string) (found, error) {
	words := strings.Fields(line)
	if len(words) < 7 {
		return found{}, fmt.Errorf("line %q has too few fields", line)
	}
	f := found{path: unescape(words[4]), options: words[5]}
	for _, w := range words[6:] {
		if w == "-" {
			return f, nil
		}
		f.shared = f.shared || strings.HasPrefix(w, "shared:") || strings.HasPrefix(w, "master:")
	}
	return f, fmt.Errorf("line %q has no separator", line)
}

// unescape undoes the kernel's octal escapes of space, tab, newline and backslash.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if v, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(v))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
