package syntax

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
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

// typeHint tells how the value would be written.
func typeHint(n *Node, v reflect.Value, f field) string {
	scalar := n.Value != nil
	switch {
	case v.Kind() == reflect.String && f.enum != nil:
		return enumHint("", f)
	case v.Kind() == reflect.String && scalar:
		return fmt.Sprintf("write it in quotes: %q", strings.Replace(token(n), "0o", "0", 1)) // octal has no letter in a string
	case v.Kind() == reflect.String && n.Table != nil:
		return "put quotes around a key that holds a dot"
	case v.Kind() == reflect.Slice && scalar:
		return listHint(n, v.Type().Elem())
	case v.Kind() == reflect.Slice && n.Table != nil:
		return "write it in double brackets: [[…]]"
	case v.Kind() == reflect.Struct && v.Type() != dateType && scalar:
		if table := inTable(n, v.Type()); table != "" {
			return "write it as a table: " + table
		}
	case v.Kind() == reflect.Struct && n.List != nil && v.Type().Field(0).Type.Kind() == reflect.Slice:
		return fmt.Sprintf("write it as a table: { %s = […] }", v.Type().Field(0).Tag.Get("toml"))
	case (v.Kind() == reflect.Struct || v.Kind() == reflect.Map) && n.List != nil:
		return "a table is headed by single brackets, [NAME], or written in braces"
	case v.Kind() == reflect.Map && scalar:
		return `write it as a table: { NAME = "value" }`
	case v.Type() == dateType && scalar:
		return dayHint(token(n))
	case v.Kind() == reflect.Int64 && scalar:
		return "a whole number, without quotes and without a unit"
	case v.Kind() == reflect.Bool && (n.Value == "true" || n.Value == "false"):
		return "write it without quotes"
	}
	return ""
}

// listHint puts a value into the list that it should be.
func listHint(n *Node, element reflect.Type) string {
	in := inTable(n, element)
	switch {
	case element.Kind() == reflect.String:
		words := strings.FieldsFunc(token(n), func(r rune) bool { return r == ' ' || r == ',' })
		for i := range words {
			words[i] = fmt.Sprintf("%q", words[i])
		}
		in = strings.Join(words, ", ")
	case element.Kind() == reflect.Int64 && reflect.TypeOf(n.Value) == element:
		in = token(n)
	}
	if in == "" {
		return ""
	}
	return "write it in brackets: [" + in + "]"
}

// dayHint finds the day in a date that is a string or has a time.
func dayHint(s string) string {
	if len(s) < len(time.DateOnly) {
		return ""
	}
	if _, err := time.Parse(time.DateOnly, s[:len(time.DateOnly)]); err != nil {
		return ""
	}
	return "write: " + s[:len(time.DateOnly)]
}

// inTable puts a value under the first key of the table that it stands for. What can be
// switched off has a key for that.
func inTable(n *Node, t reflect.Type) string {
	if t.Kind() != reflect.Struct {
		return ""
	}
	first := t.Field(0)
	switch _, text := n.Value.(string); {
	case text && isText(first.Type):
		return fmt.Sprintf("{ %s = %q }", first.Tag.Get("toml"), token(n))
	case first.Type.Kind() == reflect.Pointer && reflect.TypeOf(n.Value) == first.Type.Elem() && isInteger(first.Type):
		return fmt.Sprintf("{ %s = %s }", first.Tag.Get("toml"), token(n))
	case n.Value == false && first.Tag.Get("toml") == "off":
		return "{ off = true }"
	}
	return ""
}

// isText tells whether a key takes a string.
func isText(t reflect.Type) bool {
	return t.Kind() == reflect.String || t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.String
}
