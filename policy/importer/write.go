package importer

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"casemate/policy/syntax"
)

// step is one part of the way to a value: a key, or an index of a list.
type step any

// place says which value stands at a place of the written text.
type place struct {
	line, col int
	path      []step
}

// writer writes a draft in the order in which the language describes itself, and
// remembers where each value came to stand.
type writer struct {
	b      strings.Builder
	line   int
	start  int // offset of the line's first byte
	places []place
	notes  *comments
}

// width is where lines are broken, if they can be.
const width = 100

func (d *draft) write(head []string) (text []byte, places []place) {
	w := &writer{line: 1, notes: d.comments}
	for _, line := range head {
		w.comment(line)
	}
	w.comments("")
	top, sections := keysOf(reflect.TypeFor[syntax.File](), d.values)
	for _, key := range top {
		w.value([]step{key}, syntax.QuoteKey(key), d.values[key])
	}
	for _, key := range sections {
		t, _ := d.values[key].(table)
		if len(t) > 0 || len(w.notes.of[key]) > 0 {
			w.newline()
			w.section(key, t)
		}
	}
	return []byte(w.b.String()), w.places
}

// keysOf gives the keys of a table in the order of the type that describes it, tables
// that get a header of their own apart. Keys that the type does not know come last.
func keysOf(t reflect.Type, values table) (plain, tables []string) {
	var known []string
	for i := range t.NumField() {
		name := t.Field(i).Tag.Get("toml")
		if name == "" {
			continue
		}
		known = append(known, name)
		_, there := values[name]
		switch k := t.Field(i).Type.Kind(); {
		case k == reflect.Struct && t == reflect.TypeFor[syntax.File](), k == reflect.Map:
			tables = append(tables, name)
		case there:
			plain = append(plain, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(known, name) {
			plain = append(plain, name)
		}
	}
	return plain, tables
}

// section writes one of the tables of the file.
func (w *writer) section(key string, t table) {
	field, _ := fieldOf(reflect.TypeFor[syntax.File](), key)
	if field.Kind() == reflect.Map { // [why] is a map itself
		w.mapping([]step{key}, key, t)
		w.comments(key)
		return
	}
	plain, tables := keysOf(field, t)
	headed := len(plain) > 0 || len(w.notes.of[key]) > 0
	if headed {
		w.put("[" + key + "]")
		w.newline()
		w.fields([]step{key}, "", field, t)
		w.comments(key)
	}
	for _, name := range tables {
		if sub, _ := t[name].(table); len(sub) > 0 {
			if headed {
				w.newline()
			}
			headed = true
			w.mapping([]step{key, name}, key+"."+name, sub)
		}
	}
}

// fields writes the keys of a table, those of tables inside it with dots.
func (w *writer) fields(path []step, prefix string, typ reflect.Type, t table) {
	plain, _ := keysOf(typ, t)
	for _, name := range plain {
		field, known := fieldOf(typ, name)
		sub, isTable := t[name].(table)
		below := append(slices.Clone(path), name)
		if known && isTable && field.Kind() == reflect.Struct {
			w.fields(below, prefix+syntax.QuoteKey(name)+".", field, sub)
			continue
		}
		w.value(below, prefix+syntax.QuoteKey(name), t[name])
	}
}

// fieldOf is the type of a key; the empty struct for one that is not known.
func fieldOf(t reflect.Type, key string) (reflect.Type, bool) {
	for i := range t.NumField() {
		if t.Field(i).Tag.Get("toml") == key {
			f := t.Field(i).Type
			if f.Kind() == reflect.Pointer {
				f = f.Elem()
			}
			return f, true
		}
	}
	return reflect.TypeFor[struct{}](), false
}

// mapping writes a table of free keys under its own header.
func (w *writer) mapping(path []step, header string, t table) {
	w.put("[" + header + "]")
	w.newline()
	for _, key := range slices.Sorted(maps.Keys(t)) {
		w.value(append(slices.Clone(path), key), syntax.QuoteKey(key), t[key])
	}
}

// value writes a line, or more for a long list.
func (w *writer) value(path []step, key string, v any) {
	w.mark(path)
	w.put(key + " = ")
	w.mark(path)
	if list, ok := v.([]any); ok {
		w.list(path, list)
	} else {
		w.put(quote(v))
	}
	w.newline()
}

func (w *writer) list(path []step, list []any) {
	_, tables := first(list).(table)
	long := tables
	total := w.column()
	for _, v := range list {
		if !tables {
			total += len(quote(v)) + 2
		}
	}
	long = long || total > width
	w.put("[")
	for i, v := range list {
		element := append(slices.Clone(path), i)
		text := quote(v)
		switch {
		case long && (i == 0 || tables || w.column()+len(text)+2 > width):
			w.newline()
			w.put("  ")
		case i > 0:
			w.put(" ")
		}
		w.mark(element)
		if t, ok := v.(table); ok {
			w.inline(element, t)
		} else {
			w.put(text)
		}
		if long || i < len(list)-1 {
			w.put(",")
		}
	}
	if long {
		w.newline()
	}
	w.put("]")
}

func first(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// inlineOrder is that of the examples; what is not listed follows.
var inlineOrder = []string{"from", "at", "type", "size"}

func (w *writer) inline(path []step, t table) {
	keys := slices.Sorted(maps.Keys(t))
	slices.SortStableFunc(keys, func(a, b string) int { return rank(a) - rank(b) })
	w.put("{ ")
	for i, key := range keys {
		if i > 0 {
			w.put(", ")
		}
		w.mark(append(slices.Clone(path), key))
		w.put(syntax.QuoteKey(key) + " = " + quote(t[key]))
	}
	w.put(" }")
}

func rank(key string) int {
	if i := slices.Index(inlineOrder, key); i >= 0 {
		return i
	}
	return len(inlineOrder)
}

func (w *writer) column() int { return w.b.Len() - w.start + 1 }

func (w *writer) put(s string) { w.b.WriteString(s) }

func (w *writer) newline() {
	w.b.WriteByte('\n')
	w.line++
	w.start = w.b.Len()
}

func (w *writer) mark(path []step) {
	w.places = append(w.places, place{w.line, w.column(), path})
}

// comments writes those of a section.
func (w *writer) comments(section string) {
	for _, c := range w.notes.of[section] {
		w.comment(c.text())
	}
}

// comment writes a text after #, broken between words. What no policy may hold, even
// in a comment, is escaped.
func (w *writer) comment(text string) {
	line := "#"
	for word := range strings.FieldsSeq(printable(text)) {
		if line != "#" && len(line)+1+len(word) > width {
			w.put(line)
			w.newline()
			line = "#  "
		}
		line += " " + word
	}
	w.put(line)
	w.newline()
}

// printable escapes what is not plain text: control characters, and those that
// reorder it.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == unicode.ReplacementChar, r != ' ' && !unicode.IsPrint(r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// quote writes a value as TOML.
func quote(v any) string {
	switch v := v.(type) {
	case string:
		return syntax.QuoteText(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		return strconv.FormatBool(v)
	case table:
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, syntax.QuoteKey(key)+" = "+quote(v[key]))
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	case []any:
		var parts []string
		for _, e := range v {
			parts = append(parts, quote(e))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	panic(fmt.Sprintf("BUG: a draft holds a %T", v))
}
