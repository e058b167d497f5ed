package syntax

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// scalar checks a value whose type is right.
func (b *binder) scalar(n *Node, f field) bool {
	switch v := n.Value.(type) {
	case string:
		return b.text(n.Pos, v, f)
	case int64:
		if v < f.min || v > f.max {
			b.errs.Add(n.Pos, token(n), orBounds(f), "out of range")
			return false
		}
	}
	return true
}

func orBounds(f field) string {
	if f.hint != "" {
		return f.hint
	}
	return fmt.Sprintf("it takes %d to %d", f.min, f.max)
}

// text checks a string: its length, its characters, its word.
func (b *binder) text(p Position, s string, f field) bool {
	found := len(b.errs)
	switch {
	case s == "" && !f.emptyOK:
		b.errs.Add(p, "", "leave the key out instead", "the string is empty")
	case len(s) > maxString:
		b.errs.Add(p, s[:32]+"…", "", "the string has %d bytes, over the limit of %d", len(s), maxString)
	case f.enum != nil && !slices.Contains(f.enum, s):
		b.errs.Add(p, s, enumHint(s, f), "unknown word")
	}
	for _, r := range s {
		if msg := badRune(r, utf8.RuneLen(r)); msg != "" || r < ' ' {
			b.errs.Add(p, s, "", "the string holds a character that is not allowed: %U", r)
			break
		}
	}
	return len(b.errs) == found
}

func enumHint(word string, f field) string {
	if hint := DidYouMean(word, f.enum); hint != "" {
		return hint
	}
	if f.hint != "" {
		return f.hint
	}
	return "it is one of " + strings.Join(f.enum, ", ")
}

// token is a value as an error shows it.
func token(n *Node) string {
	switch {
	case n.Value == nil:
		return ""
	case n.raw != "":
		return n.raw
	}
	return fmt.Sprint(n.Value)
}

// nodeWord names what a node is.
func nodeWord(n *Node) string {
	switch n.Value.(type) {
	case string:
		return "a string"
	case int64:
		return "an integer"
	case bool:
		return "a boolean"
	case float64:
		return "a number with a fraction"
	case nil:
		if n.Table != nil {
			return "a table"
		}
		return "a list"
	}
	return "a date or time"
}

// typeWord names what a key takes.
func typeWord(t reflect.Type) string {
	switch {
	case t == dateType:
		return "a date, YYYY-MM-DD without quotes"
	case t.Kind() == reflect.Struct, t.Kind() == reflect.Map:
		return "a table"
	case t.Kind() == reflect.Slice:
		return "a list"
	case t.Kind() == reflect.Int64:
		return "an integer"
	case t.Kind() == reflect.Bool:
		return "true or false"
	}
	return "a string"
}
