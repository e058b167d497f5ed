package syntax

import (
	"path"
	"strconv"
	"strings"
)

// Tree is what the File was made of.
func (f *File) Tree() *Node { return f.root }

// Find gives the node at a path of keys and list indexes: keys of the language
// are joined with dots, anything else (a map's key, an index) is an argument of
// its own. It is nil where nothing stands.
func (f *File) Find(path string, more ...any) *Node {
	n := f.root
	for _, key := range strings.Split(path, ".") {
		n = n.Get(key)
	}
	for _, m := range more {
		switch m := m.(type) {
		case int:
			n = n.At(m)
		case string:
			n = n.Get(m)
		}
	}
	return n
}

// Unsure tells whether something that could not be read may have stood at one of the paths, in
// what stands there, or under a key that was meant to be it: then nothing is known of what is not
// there. Paths are those of Find.
func (f *File) Unsure(paths ...string) bool {
	for _, path := range paths {
		n := f.root
		for _, key := range strings.Split(path, ".") {
			next := n.Get(key)
			if next == nil && (n.lost[key] || n.lost[""]) {
				return true
			}
			if n = next; n == nil {
				break
			}
		}
		if n.partial() {
			return true
		}
	}
	return false
}

// Pos is the place of the value at a path; the zero Position where nothing stands.
func (f *File) Pos(path string, more ...any) Position {
	if n := f.Find(path, more...); n != nil {
		return n.Pos
	}
	return Position{}
}

// KeyPos is the place of the key at a path; the zero Position where nothing stands.
func (f *File) KeyPos(path string, more ...any) Position {
	if n := f.Find(path, more...); n != nil {
		return n.Key
	}
	return Position{}
}

// PosOf is the place of the element of a list that has a value; the zero Position
// where there is none.
func (f *File) PosOf(list string, value any) Position {
	if n := f.Find(list); n != nil {
		for _, e := range n.List {
			if e.Value == value {
				return e.Pos
			}
		}
	}
	return Position{}
}

// Resolve finds the place that a sealed policy keeps of a value, "nginx.toml:14" or
// "base/daemon:7": the first value or key that stands on the line. It is the zero
// Position where none does.
func (f *File) Resolve(at string) Position {
	name, line, ok := strings.Cut(at, ":")
	n, err := strconv.Atoi(line)
	if !ok || err != nil {
		return Position{}
	}
	var found Position
	visit := func(p Position) {
		if p.Line == n && (p.File == name || path.Base(p.File) == name) && (found.Line == 0 || p.Col < found.Col) {
			found = p
		}
	}
	f.root.places(visit)
	return found
}

// places visits the places of all that stands below n.
func (n *Node) places(visit func(Position)) {
	if n == nil {
		return
	}
	visit(n.Key)
	visit(n.Pos)
	for _, child := range n.Table {
		child.places(visit)
	}
	for _, child := range n.List {
		child.places(visit)
	}
}
