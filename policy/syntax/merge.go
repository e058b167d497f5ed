package syntax

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Merge adds to a policy what its bases grant. Lists unite. A single value is the
// policy's own where it states one; where only bases state it, they must agree.
// Since nothing depends on the order of the bases, none is looked at before
// another. A base that extends others was merged with them before. Conflicts are told, and what
// the first of the bases says stands in their place.
func Merge(own *File, bases []*File) (*File, Errors) {
	bases = slices.Clone(bases)
	slices.SortFunc(bases, func(a, b *File) int { return strings.Compare(a.root.Key.File, b.root.Key.File) })
	var trees []*Node
	for _, b := range bases {
		t := *b.root
		t.Table = make(map[string]*Node)
		for key, n := range b.root.Table {
			if key != "extends" { // followed already
				t.Table[key] = n
			}
		}
		trees = append(trees, &t)
	}
	m := merger{at: own.Pos("extends")}
	f, errs := bind(m.table("", reflect.TypeFor[File](), own.root, trees))
	return f, append(m.errs, errs...)
}

// merger unites trees whose shapes Bind has checked.
type merger struct {
	errs Errors
	at   Position // where conflicts are reported: the policy's extends
}

// table unites the tables of own, which may be nil, and bases.
func (m *merger) table(path string, t reflect.Type, own *Node, bases []*Node) *Node {
	out := shell(own, bases)
	for _, f := range fields(t) {
		o, bs := own.Get(f.name), each(bases, f.name)
		if o != nil || len(bs) > 0 {
			name := strings.TrimPrefix(path+"."+f.name, ".")
			out.Table[f.name] = m.value(name, t.Field(f.index).Type, f, o, bs)
		}
	}
	return out
}

// value unites one value, at least one of own and bases.
func (m *merger) value(path string, t reflect.Type, f field, own *Node, bases []*Node) *Node {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Struct && t != dateType:
		return m.table(path, t, own, bases)
	case t.Kind() == reflect.Map:
		return m.entries(path, own, bases)
	case t.Kind() == reflect.Slice && !f.whole:
		return m.list(path, own, bases)
	}
	return m.choose(path, own, bases)
}

// choose is the rule for single values.
func (m *merger) choose(path string, own *Node, bases []*Node) *Node {
	if own != nil {
		return own
	}
	for _, b := range bases[1:] {
		if !b.Equal(bases[0]) {
			m.errs.Add(m.at, path, "state "+path+" in this file",
				"two bases differ, %s (%s) and %s (%s)", bases[0].Pos, show(bases[0]), b.Pos, show(b))
			break
		}
	}
	return bases[0]
}

// entries unites maps, key by key.
func (m *merger) entries(path string, own *Node, bases []*Node) *Node {
	out := shell(own, bases)
	for _, n := range append([]*Node{own}, bases...) {
		if n == nil {
			continue
		}
		for _, key := range n.Keys() {
			if out.Table[key] == nil {
				out.Table[key] = m.choose(path+"."+key, own.Get(key), each(bases, key))
			}
		}
	}
	return out
}

// list unites lists. Elements are one when they have the same identity: a string
// itself, a mount its place.
func (m *merger) list(path string, own *Node, bases []*Node) *Node {
	out := shell(own, bases)
	byID := map[string][]*Node{}
	var order []string
	if own != nil {
		out.List = slices.Clone(own.List)
	}
	for _, b := range bases {
		for _, e := range b.List {
			id := identity(e)
			if byID[id] == nil {
				order = append(order, id)
			}
			byID[id] = append(byID[id], e)
		}
	}
	for _, id := range order {
		if !slices.ContainsFunc(out.List, func(e *Node) bool { return identity(e) == id }) {
			out.List = append(out.List, m.choose(path+" of "+id, nil, byID[id]))
		}
	}
	return out
}

// identity of a list's element.
func identity(n *Node) string {
	if rule := n.Get("rule"); rule != nil { // a waiver, of all findings of the rule or of one
		if s := n.Get("subject"); s != nil {
			return fmt.Sprint(rule.Value, " ", s.Value)
		}
		return fmt.Sprint(rule.Value)
	}
	for _, key := range []string{"at", "from"} {
		if v := n.Get(key); v != nil {
			return fmt.Sprint(v.Value)
		}
	}
	return fmt.Sprint(n.Value)
}

// show prints a value for an error.
func show(n *Node) string {
	switch {
	case n.Value != nil:
		return fmt.Sprintf("%#v", n.Value)
	case n.List != nil:
		parts := make([]string, len(n.List))
		for i, e := range n.List {
			parts[i] = show(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	var parts []string
	for _, key := range n.Keys() {
		parts = append(parts, key+" = "+show(n.Table[key]))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// shell is an empty node of the kind and at the place of own, or of the first of bases where
// own is nil. It has lost what any of them has.
func shell(own *Node, bases []*Node) *Node {
	all := bases
	if own != nil {
		all = append([]*Node{own}, bases...)
	}
	s := &Node{Key: all[0].Key, Pos: all[0].Pos}
	if all[0].Table != nil {
		s.Table = map[string]*Node{}
	} else {
		s.List = []*Node{}
	}
	for _, n := range all {
		for key := range n.lost {
			s.lose(key)
		}
	}
	return s
}

// each gives what stands under key in those tables that have it.
func each(tables []*Node, key string) []*Node {
	var found []*Node
	for _, t := range tables {
		if n := t.Get(key); n != nil {
			found = append(found, n)
		}
	}
	return found
}
