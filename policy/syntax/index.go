package syntax

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// read turns text into a tree. Two passes of the same parser: its expressions
// give the places, its decoder the values and the rules of TOML (what may be
// defined twice, what may be added to); then the two are laid together.
func read(name string, text []byte) (*Node, error) {
	if err := checkText(name, text); err != nil {
		return nil, err
	}
	x := &index{text: text, lines: newLines(name, text), root: &Node{Table: map[string]*Node{}}}
	x.root.Key = Position{File: name, Line: 1, Col: 1}
	x.root.Pos = x.root.Key
	x.headers = map[int]*Node{}
	x.build()
	var values map[string]any
	if err := toml.Unmarshal(text, &values); err != nil {
		return nil, x.decodeError(err)
	}
	if err := x.errs.Err(); err != nil {
		return nil, err
	}
	return x.root, fill(x.root, values)
}

// decodeError gives an error of the decoder our form. A duplicate that the index
// has seen is told better by the index.
func (x *index) decodeError(err error) error {
	var de *toml.DecodeError
	if len(x.errs) == 0 && errors.As(err, &de) {
		row, col := de.Position()
		msg := trimProgram(de.Error())
		x.errs.Add(Position{File: x.lines.name, Line: row, Col: col}, "", x.hint(row, msg), "%s", msg)
	} else if len(x.errs) == 0 {
		x.errs.Add(Position{File: x.lines.name}, "", "", "%s", trimProgram(err.Error()))
	}
	return x.errs.Err()
}

// hint helps with what newcomers meet of TOML's own rules.
func (x *index) hint(row int, msg string) string {
	table := x.headers[row]
	switch {
	case strings.Contains(msg, "dotted key") && table != nil:
		return fmt.Sprintf("line %d sets a key of it with a dot: write them all so, or all of them under one header", table.Key.Line)
	case strings.Contains(msg, "already exists") && table != nil:
		return fmt.Sprintf("it begins in line %d: put its keys together", table.Key.Line)
	case strings.Contains(msg, "leading zeroes"):
		return `permission bits and other octal numbers are strings here, in quotes: "0700"`
	case strings.Contains(msg, "at start of value"):
		return "a string is written in quotes"
	case strings.Contains(msg, "invalid escape"):
		return "in single quotes a backslash is itself"
	case strings.Contains(msg, "key service should be a table"):
		return "the table of what the service manager passes is [manager]"
	}
	return ""
}

// index walks the parser's expressions and builds the tree of places.
type index struct {
	text  []byte
	lines *lines
	root  *Node
	errs  Errors

	headers map[int]*Node // the tables that are headed by a line
}

func (x *index) build() {
	var p unstable.Parser
	p.Reset(x.text)
	at := x.root
	for p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case unstable.Table:
			var pos Position
			at, pos = x.descend(x.root, e.Key(), false)
			x.headers[pos.Line] = at
		case unstable.ArrayTable:
			at, _ = x.descend(x.root, e.Key(), true)
		case unstable.KeyValue:
			x.keyValue(at, e, 0)
		}
	}
	// Alone, the decoder tells it; after a key that is set twice the decoder does not come to it.
	var fault *unstable.ParserError
	if len(x.errs) > 0 && errors.As(p.Error(), &fault) {
		x.errs.Add(x.lines.at(int(p.Range(fault.Highlight).Offset)), "", "", "%s", fault.Message)
	}
}

// descend follows a dotted key from n and makes what is missing. With element,
// the last part is a list of tables that gets one more.
func (x *index) descend(n *Node, key unstable.Iterator, element bool) (*Node, Position) {
	var pos Position
	for key.Next() {
		k := key.Node()
		pos = x.lines.at(int(k.Raw.Offset))
		next := n.Table[string(k.Data)]
		if next == nil {
			next = &Node{Key: pos, Pos: pos, Table: map[string]*Node{}}
			n.Table[string(k.Data)] = next
		}
		if element && key.IsLast() {
			return next.grow(pos), pos
		}
		if len(next.List) > 0 && !next.closed {
			next = next.List[len(next.List)-1]
		}
		if next.Table == nil { // go-toml words these: a value used as a table
			return &Node{Table: map[string]*Node{}}, pos
		}
		n = next
	}
	return n, pos
}

// grow adds a table to a list of tables.
func (n *Node) grow(pos Position) *Node {
	element := &Node{Key: pos, Pos: pos, Table: map[string]*Node{}}
	n.Table = nil
	n.List = append(n.List, element)
	return element
}

// keyValue records key = value below n.
func (x *index) keyValue(n *Node, e *unstable.Node, depth int) {
	var last *unstable.Node
	key := e.Key()
	for key.Next() {
		if last != nil {
			n = x.step(n, last)
		}
		last = key.Node()
	}
	pos := x.lines.at(int(last.Raw.Offset))
	name := string(last.Data)
	if old := n.Table[name]; old != nil {
		x.errs.Add(pos, name, fmt.Sprintf("it is set first in line %d", old.Key.Line), "set twice")
		return
	}
	n.Table[name] = x.value(e.Value(), x.afterKey(last), depth)
	n.Table[name].Key = pos
}

// afterKey is the place of the value behind a key's last part: the parser gives
// none for lists and tables, but only blanks and the = are between.
func (x *index) afterKey(key *unstable.Node) Position {
	at := int(key.Raw.Offset + key.Raw.Length)
	for at < len(x.text) && strings.IndexByte(" \t=", x.text[at]) >= 0 {
		at++
	}
	return x.lines.at(at)
}

// step goes one part down a dotted key.
func (x *index) step(n *Node, key *unstable.Node) *Node {
	pos := x.lines.at(int(key.Raw.Offset))
	next := n.Table[string(key.Data)]
	if next == nil {
		next = &Node{Key: pos, Pos: pos, Table: map[string]*Node{}}
		n.Table[string(key.Data)] = next
	}
	if next.Table == nil || next.closed {
		x.errs.Add(pos, string(key.Data), "", "already has a value and cannot be added to")
		return &Node{Table: map[string]*Node{}}
	}
	return next
}

// value records a value; at is the best place known, for the kinds of value that
// the parser gives no place for.
func (x *index) value(v *unstable.Node, at Position, depth int) *Node {
	if v.Raw.Length > 0 {
		at = x.lines.at(int(v.Raw.Offset))
	}
	n := &Node{Key: at, Pos: at, closed: true}
	if depth > maxDepth {
		x.errs.Add(at, "", "", "nested more than %d deep", maxDepth)
		return n
	}
	children := v.Children()
	switch v.Kind {
	case unstable.Integer, unstable.Float, unstable.LocalDate, unstable.LocalTime, unstable.LocalDateTime, unstable.DateTime:
		n.raw = string(v.Data)
	case unstable.Array:
		n.List = []*Node{}
		for children.Next() {
			n.List = append(n.List, x.value(children.Node(), at, depth+1))
		}
	case unstable.InlineTable:
		n.Table = map[string]*Node{}
		for children.Next() {
			x.keyValue(n, children.Node(), depth+1)
		}
	}
	return n
}
