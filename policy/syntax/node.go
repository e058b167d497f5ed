package syntax

import (
	"maps"
	"slices"
)

// Node is one value of a policy with its place. Exactly one of Table, List and
// Value is set. Merging bases works on nodes, so that a resolved policy still
// knows which file and line each of its parts came from.
type Node struct {
	Key   Position // of the key or table header; of the value itself in a list
	Pos   Position // of the value
	Table map[string]*Node
	List  []*Node
	Value any // string, int64, bool, float64, a date or a time

	raw    string // of a number, date or time, as it was written
	closed bool   // was an inline table or list: TOML lets nothing be added
	lost   lost   // what was wrong in this table or list, and was taken out (Read)
}

// Keys of a table, sorted; none of nil.
func (n *Node) Keys() []string {
	if n == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(n.Table))
}

// Get gives the node under a table's key; nil where there is none or n is no table.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	return n.Table[key]
}

// At gives a list's element; nil where there is none.
func (n *Node) At(i int) *Node {
	if n == nil || i < 0 || i >= len(n.List) {
		return nil
	}
	return n.List[i]
}

// lost holds keys that a table has not got because something was wrong with them: those that were
// stated, or were meant by one that is not known. "" stands for any of them, and for elements.
type lost map[string]bool

func (n *Node) lose(key string) {
	if n.lost == nil {
		n.lost = lost{}
	}
	n.lost[key] = true
}

// partial tells whether anything was taken out of n, or out of what it holds.
func (n *Node) partial() bool {
	if n == nil || len(n.lost) > 0 {
		return n != nil
	}
	for _, child := range n.Table {
		if child.partial() {
			return true
		}
	}
	return slices.ContainsFunc(n.List, (*Node).partial)
}

// Equal tells whether two nodes hold the same, wherever they stand.
func (n *Node) Equal(o *Node) bool {
	if n == nil || o == nil {
		return n == o
	}
	return n.Value == o.Value && (n.Table == nil) == (o.Table == nil) &&
		maps.EqualFunc(n.Table, o.Table, (*Node).Equal) &&
		slices.EqualFunc(n.List, o.List, (*Node).Equal)
}

// Clone is a copy that shares nothing with n.
func (n *Node) Clone() *Node {
	if n == nil {
		return nil
	}
	c := *n
	c.Table, c.List = maps.Clone(n.Table), slices.Clone(n.List)
	for key, child := range c.Table {
		c.Table[key] = child.Clone()
	}
	for i, child := range c.List {
		c.List[i] = child.Clone()
	}
	return &c
}
