package syntax

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Parse reads one policy or base, all of which must be good. name is what positions will say.
func Parse(name string, text []byte) (*File, error) {
	f, errs := Read(name, text)
	if err := errs.Err(); err != nil {
		return nil, err
	}
	return f, nil
}

// Read reads one policy or base, and goes on where it can: a key or entry that is wrong is told
// and taken out, so that what is wrong with the others can be told in the same run. The File is
// nil where nothing can be said of the rest: the text is no TOML, or of another version.
func Read(name string, text []byte) (*File, Errors) {
	root, err := read(name, text)
	if err != nil {
		var errs Errors
		if !errors.As(err, &errs) {
			errs.Add(Position{File: name}, "", "", "%v", err)
		}
		return nil, errs
	}
	f, errs := bind(root)
	if root.Table["policy"] == nil {
		return nil, errs
	}
	return f, errs
}

// bind makes a File of a tree, checking every key, type and bound. The tree may be one that
// bases were merged into.
func bind(root *Node) (*File, Errors) {
	f := &File{root: root}
	var b binder
	b.table(root, reflect.ValueOf(f).Elem())
	return f, b.errs
}

// binder carries values from nodes to struct fields. What is wrong is taken out of the tree and
// is not in the struct either, and its methods say false.
type binder struct{ errs Errors }

// table fills a struct; false where a key that must be there is not, or is wrong.
func (b *binder) table(n *Node, v reflect.Value) bool {
	all := fields(v.Type())
	stated := maps.Clone(n.Table)
	for _, key := range n.Keys() {
		if !b.key(n.Table[key], key, v, all) {
			delete(n.Table, key)
			n.lose(meant(key, all))
		}
	}
	complete := true
	for _, f := range all {
		if f.needed && stated[f.name] == nil {
			b.errs.Add(n.Key, f.name, neededHint(f), "the key is missing")
		}
		complete = complete && !(f.needed && n.Table[f.name] == nil)
	}
	return complete
}

// key fills the field that key names.
func (b *binder) key(n *Node, key string, v reflect.Value, all []field) bool {
	for _, f := range all {
		if f.name == key {
			ok := b.value(n, v.Field(f.index), f)
			if !ok {
				v.Field(f.index).SetZero()
			}
			return ok
		}
	}
	b.errs.Add(n.Key, key, keyHint(key, all), "unknown key")
	return false
}

// meant is the field that a key names, or is likely to have been meant by it; "" for any.
func meant(key string, all []field) string {
	first, _, _ := strings.Cut(key, ".")
	if slices.Contains(names(all), first) {
		return first
	}
	return Nearest(key, names(all))
}

func keyHint(key string, all []field) string {
	if first, _, dotted := strings.Cut(key, "."); dotted {
		for _, f := range all {
			if f.name == first {
				return "write " + key + " without quotes"
			}
		}
	}
	if hint := DidYouMean(key, names(all)); hint != "" {
		return hint
	}
	return "the keys here are " + strings.Join(names(all), ", ")
}

func neededHint(f field) string {
	if f.name == "policy" {
		return "begin the file with: policy = 1"
	}
	return "write: " + f.name + " = " + f.example
}

var dateType = reflect.TypeFor[toml.LocalDate]()

// value fills one field or element of any type.
func (b *binder) value(n *Node, v reflect.Value, f field) bool {
	switch {
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return b.value(n, v.Elem(), f)
	case v.Kind() == reflect.Slice && n.List != nil:
		return b.list(n, v, f)
	case v.Kind() == reflect.Map && n.Table != nil:
		return b.entries(n, v, f)
	case v.Kind() == reflect.Struct && v.Type() != dateType && n.Table != nil:
		return b.table(n, v)
	case n.Value != nil && reflect.TypeOf(n.Value) == v.Type():
		v.Set(reflect.ValueOf(n.Value))
		return b.scalar(n, f)
	}
	b.errs.Add(n.Pos, token(n), typeHint(n, v, f), "want %s, found %s", typeWord(v.Type()), nodeWord(n))
	return false
}

// list fills a slice with the elements that are good.
func (b *binder) list(n *Node, v reflect.Value, f field) bool {
	low, high := f.min, f.max
	if isInteger(v.Type()) {
		low, high = 0, maxList
	}
	if len(n.lost) > 0 {
		low = 0 // those that are missing were told when they were taken out, before bases were merged in
	}
	if !b.count(n, len(n.List), low, high) {
		return false
	}
	if !f.whole {
		b.twice(n)
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, len(n.List)))
	good := make([]*Node, 0, len(n.List))
	for _, element := range n.List {
		e := reflect.New(v.Type().Elem()).Elem()
		if !b.value(element, e, f) || len(element.lost) > 0 { // what a table in it lacks may be what the rest hangs on
			n.lose("")
			continue
		}
		good = append(good, element)
		v.Set(reflect.Append(v, e))
	}
	n.List = good
	return true
}

// twice complains of a string that a list names twice.
func (b *binder) twice(n *Node) {
	seen := map[any]Position{}
	for _, e := range n.List {
		if _, isText := e.Value.(string); !isText {
			continue
		}
		if first, ok := seen[e.Value]; ok {
			b.errs.Add(e.Pos, token(e), "it stands first at "+first.String(), "listed twice")
			continue
		}
		seen[e.Value] = e.Pos
	}
}

// entries fills a map of strings with those that are good.
func (b *binder) entries(n *Node, v reflect.Value, f field) bool {
	if !b.count(n, len(n.Table), f.min, f.max) {
		return false
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, key := range n.Keys() {
		entry := reflect.New(v.Type().Elem()).Elem()
		good := b.text(n.Table[key].Key, key, field{})
		if !b.value(n.Table[key], entry, f) || !good {
			delete(n.Table, key)
			n.lose(key)
			continue
		}
		v.SetMapIndex(reflect.ValueOf(key), entry)
	}
	return true
}

func (b *binder) count(n *Node, count int, low, high int64) bool {
	if int64(count) < low || int64(count) > high {
		b.errs.Add(n.Pos, "", "", "%d entries; it takes %d to %d", count, low, high)
		return false
	}
	return true
}
