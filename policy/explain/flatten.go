package explain

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"casemate/policy/base"
	"casemate/policy/filter"
	"casemate/policy/syntax"
)

// Flatten writes the effective policy as a text of its own: bases merged in, accounts as
// numbers, defaults written out, every line with its origin. It compiles to the same
// sealed policy, but for what that says it was made from. reasons are those that some
// grant needs; a policy may not have others.
func Flatten(s *Subject, reasons map[string]string) (string, error) {
	if s.Text == nil {
		return "", errors.New("a sealed policy holds no rules to write down; name its text with --text")
	}
	f := &flat{root: s.Text.Tree().Clone(), set: map[string]entry{}}
	f.resolved(s)
	f.reasons(s, reasons)
	f.line("# The effective policy of %s, by casemate explain --flatten. Where a line comes", s.Policy.Service)
	f.line("# from stands behind it.")
	f.table(nil, f.root)
	return f.b.String(), nil
}

// entry is a value that is not as the text has it.
type entry struct {
	value   string // in TOML
	comment string
}

// flat is one text in the making.
type flat struct {
	b    strings.Builder
	root *syntax.Node
	set  map[string]entry // by the path of keys, joined as in TOML
}

func (f *flat) line(format string, args ...any) { fmt.Fprintf(&f.b, format+"\n", args...) }

// put states a value unless the text has the key.
func (f *flat) put(value string, path ...string) {
	if f.find(path) == nil {
		f.set[joined(path)] = entry{value, "default"}
	}
}

// replace states another value than the text does, which it names in its comment.
func (f *flat) replace(value string, path ...string) {
	comment := "default"
	if n := f.find(path); n != nil {
		comment = place(n.Pos)
		if text := rendered(n); text != value {
			comment = text + ", " + comment
		}
	}
	f.set[joined(path)] = entry{value, comment}
}

func (f *flat) find(path []string) *syntax.Node {
	n := f.root
	for _, key := range path {
		n = n.Get(key)
	}
	return n
}

func joined(path []string) string {
	keys := make([]string, len(path))
	for i, k := range path {
		keys[i] = syntax.QuoteKey(k)
	}
	return strings.Join(keys, ".")
}

// reasons keeps the ones that are needed.
func (f *flat) reasons(s *Subject, needed map[string]string) {
	why := f.root.Get("why")
	if why == nil {
		return
	}
	maps.DeleteFunc(why.Table, func(key string, _ *syntax.Node) bool { _, ok := needed[key]; return !ok })
}

// sections is the order of the language; what is not named here follows.
var sections = []string{
	"policy", "service", "arch", "exec", "root", "namespaces", "mounts", "masks", "capabilities", "seccomp", "lsm", "cgroup",
	"network", "signals", "manager", "why",
}

// table writes the values of a table, and then the tables in it.
func (f *flat) table(path []string, n *syntax.Node) {
	var tables []string
	for _, key := range f.keys(path, n) {
		child, at := n.Get(key), append(slices.Clone(path), key)
		e, isSet := f.set[joined(at)]
		switch {
		case isSet:
			f.line("%s = %s # %s", syntax.QuoteKey(key), e.value, e.comment)
		case child == nil || child.Table != nil:
			tables = append(tables, key)
		default:
			f.value(at, child)
		}
	}
	for _, key := range tables {
		at := append(slices.Clone(path), key)
		f.line("\n[%s]", joined(at))
		f.before(at)
		f.table(at, n.Get(key))
	}
}

// keys are those of the text and those that are stated besides, in order.
func (f *flat) keys(path []string, n *syntax.Node) []string {
	all := map[string]bool{}
	for _, k := range n.Keys() {
		all[k] = true
	}
	for _, k := range f.missing(path) {
		all[k] = true
	}
	if len(path) == 0 {
		delete(all, "extends") // merged in
	}
	rank := func(k string) int {
		if i := slices.Index(sections, k); i >= 0 && len(path) == 0 {
			return i
		}
		return len(sections)
	}
	return slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
}

// missing are the next keys on the way to what is stated below a path.
func (f *flat) missing(path []string) []string {
	prefix := ""
	if len(path) > 0 {
		prefix = joined(path) + "."
	}
	var keys []string
	for at := range f.set {
		if rest, ok := strings.CutPrefix(at, prefix); ok {
			key, _, _ := strings.Cut(rest, ".")
			keys = append(keys, key)
		}
	}
	return keys
}

// before writes what the compiler adds to a table and the language has no key for.
func (f *flat) before(path []string) {
	switch joined(path) {
	case "masks":
		m := base.Masks()
		f.line("# Masked by default, where proc or sysfs is mounted: %s", strings.Join(m.Mask, " "))
		f.line("# Read-only by default: %s", strings.Join(m.Readonly, " "))
	case "seccomp":
		f.line("# Allowed in every policy, by %s: %s", initGroup, strings.Join(filter.InitSet(), " "))
	}
}
