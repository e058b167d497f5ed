package syntax

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

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
