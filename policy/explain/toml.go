package explain

import (
	"fmt"
	"strings"

	"casemate/policy/base"
	"casemate/policy/syntax"
)

// value writes a key with its value and where that was written. Lists whose parts come
// from several lines are written one part to a line.
func (f *flat) value(path []string, n *syntax.Node) {
	key := syntax.QuoteKey(path[len(path)-1])
	if n.List == nil || oneLine(n) && joined(path) != "seccomp.allow" {
		f.line("%s = %s # %s", key, rendered(n), place(n.Pos))
		return
	}
	f.line("%s = [", key)
	for _, e := range n.List {
		if group, ok := e.Value.(string); ok && joined(path) == "seccomp.allow" {
			f.calls(group)
		}
		f.line("  %s, # %s", rendered(e), place(e.Pos))
	}
	f.line("]")
}

// calls spells out a group, above it.
func (f *flat) calls(name string) {
	group, ok := base.FindGroup(name)
	if !ok {
		return
	}
	f.line("  # %s: %s", name, strings.Join(group.Calls, " "))
	for _, call := range group.Calls {
		if when := group.When[call]; when != "" {
			f.line("  #   %s when %s", call, strings.Join(strings.Fields(when), " "))
		}
	}
}

func oneLine(n *syntax.Node) bool {
	for _, e := range n.List {
		if e.Pos.File != n.Pos.File || e.Pos.Line != n.Pos.Line {
			return false
		}
	}
	return true
}

// rendered writes a value in TOML, on one line.
func rendered(n *syntax.Node) string {
	var parts []string
	switch {
	case n.List != nil:
		for _, e := range n.List {
			parts = append(parts, rendered(e))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case n.Table != nil:
		for _, key := range n.Keys() {
			parts = append(parts, syntax.QuoteKey(key)+" = "+rendered(n.Table[key]))
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	}
	if s, ok := n.Value.(string); ok {
		return syntax.QuoteText(s)
	}
	return fmt.Sprint(n.Value) // integers, booleans and dates print as they are written
}

func tomlList(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = syntax.QuoteText(w)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
