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
	id            uint64
	path, options string
	shared        bool   // a peer group: mounts would propagate
	fstype, super string // the file system, and its own options
}

// mounts compares the whole tree: every mount that should be there with its flags, and
// that its path leads to it, and no other - an old root that was not detached shows here and
// nowhere else. Then what lies in the tree.
func (r *reader) mounts(t Target) {
	b, err := r.proc.read("mountinfo")
	r.fail("mountinfo", err)
	rest := make([]found, 0, bytes.Count(b, []byte("\n")))
	for line := range strings.Lines(string(b)) {
		f, err := parseMount(line)
		r.fail("mountinfo", err)
		rest = append(rest, f)
	}
	tree := r.open()
	defer tree.close()
	points := mount.Expected(t.Policy, t.Facts)
	tree.points = make([]point, 0, len(points))
	var here []found
	for _, p := range points {
		here, rest = split(here[:0], rest, p.Path)
		led := tree.keep(p.Path, tree.at(p.Path), here)
		got := flags(here, p)
		if got == p.Flags && !led {
			got = "(covered)"
		}
		r.add("mount", p.Path, p.Flags, got)
	}
	for _, f := range rest {
		want, got := "(absent)", "(mounted)"
		if p := around(points, f.path); p.Below {
			want, got = p.Flags, f.flags(p.Flags)
		}
		r.add("mount", f.path, want, got)
	}
	r.contents(t, tree)
}

// split takes the mounts at a path out of a tree, in order. A tree is some fifty mounts;
// a map of them, with a slice for each, took 60 us more than looking at all.
func split(here, tree []found, path string) (at, rest []found) {
	rest = tree[:0]
	for _, f := range tree {
		if f.path == path {
			here = append(here, f)
		} else {
			rest = append(rest, f)
		}
	}
	return here, rest
}

// around is the mount of the policy that a path lies in, the deepest one: a recursive
// bind has brought what lies there from the host, with the bind's own flags; any other
// brings nothing. A read-only copy has taken along what was there.
func around(points []mount.Point, path string) (deepest mount.Point) {
	for _, p := range points {
		if !p.Copy && len(p.Path) > len(deepest.Path) && strings.HasPrefix(path, p.Path+"/") {
			deepest = p
		}
	}
	return deepest
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
	if len(all) < 1+p.Copies { // a mask that the copy over it has not taken along hides nothing
		return "(not in the read-only copy)"
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
	var words []string
	all := true
	for w := range strings.SplitSeq(want, ",") {
		if has(f.options, w) {
			words = append(words, w)
		} else {
			all = false
		}
	}
	if all {
		return want
	}
	return strings.Join(words, ",")
}

// has tells whether a word is among the options.
func has(options, word string) bool {
	for o := range strings.SplitSeq(options, ",") {
		if o == word {
			return true
		}
	}
	return false
}

// parseMount reads one line: id, parent, device, root, mount point, options,
// optional fields up to "-", and the file system: its type, source and own options. One space
// parts them, and nothing else does: the kernel escapes blanks, tabs and line ends, not what
// else Unicode takes for space; and a source may be empty.
func parseMount(line string) (found, error) {
	var f found
	i, behind := 0, -1 // words, and words behind the "-"
	for w := range strings.SplitSeq(strings.TrimSuffix(line, "\n"), " ") {
		var err error
		switch {
		case behind == 2:
			f.super = w
			return f, nil
		case behind >= 0:
			if behind == 0 {
				f.fstype = w
			}
			behind++
		case i == 0:
			f.id, err = strconv.ParseUint(w, 10, 64)
		case i == 4:
			f.path = unescape(w)
		case i == 5:
			f.options = w
		case i > 5 && w == "-":
			behind = 0
		case i > 5:
			f.shared = f.shared || strings.HasPrefix(w, "shared:") || strings.HasPrefix(w, "master:")
		}
		if err != nil {
			return f, fmt.Errorf("line %q: %w", line, err)
		}
		i++
	}
	return f, fmt.Errorf("line %q has too few fields or no separator", line)
}

// unescape undoes the kernel's octal escapes of space, tab, newline and backslash.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
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
