package syntax

import (
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Parse reads one policy or base. name is what positions will say.
func Parse(name string, text []byte) (*File, error) {
	root, err := read(name, text)
	if err != nil {
		return nil, err
	}
	return Bind(root)
}

// Bind makes a File of a tree, checking every key, type and bound. The tree may
// be one that bases were merged into.
func Bind(root *Node) (*File, error) {
	f := &File{root: root}
	var b binder
	b.table(root, reflect.ValueOf(f).Elem())
	if err := b.errs.Err(); err != nil {
		return nil, err
	}
	return f, nil
}

// binder carries values from nodes to struct fields.
type binder struct{ errs Errors }

// table fills a struct.
func (b *binder) table(n *Node, v reflect.Value) {
	all := fields(v.Type())
	for _, key := range n.Keys() {
		if !b.key(n.Table[key], key, v, all) {
			b.errs.Add(n.Table[key].Key, key, keyHint(key, all), "unknown key")
		}
	}
	for _, f := range all {
		if f.needed && n.Table[f.name] == nil {
			b.errs.Add(n.Key, f.name, neededHint(f), "the key is missing")
		}
	}
}

// key fills the field that key names; false when there is none.
func (b *binder) key(n *Node, key string, v reflect.Value, all []field) bool {
	for _, f := range all {
		if f.name == key {
			b.value(n, v.Field(f.index), f)
			return true
		}
	}
	return false
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
func (b *binder) value(n *Node, v reflect.Value, f field) {
	switch {
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		b.value(n, v.Elem(), f)
	case v.Kind() == reflect.Slice && n.List != nil:
		b.list(n, v, f)
	case v.Kind() == reflect.Map && n.Table != nil:
		b.entries(n, v, f)
	case v.Kind() == reflect.Struct && v.Type() != dateType && n.Table != nil:
		b.table(n, v)
	case n.Value != nil && reflect.TypeOf(n.Value) == v.Type():
		b.scalar(n, f)
		v.Set(reflect.ValueOf(n.Value))
	default:
		b.errs.Add(n.Pos, token(n), typeHint(n, v, f), "want %s, found %s", typeWord(v.Type()), nodeWord(n))
	}
}

// list fills a slice.
func (b *binder) list(n *Node, v reflect.Value, f field) {
	if isInteger(v.Type()) {
		b.count(n, len(n.List), 0, maxList)
	} else {
		b.count(n, len(n.List), f.min, f.max)
	}
	if !f.whole {
		b.twice(n)
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.List), len(n.List)))
	for i, element := range n.List {
		b.value(element, v.Index(i), f)
	}
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

// entries fills a map of strings.
func (b *binder) entries(n *Node, v reflect.Value, f field) {
	b.count(n, len(n.Table), f.min, f.max)
	v.Set(reflect.MakeMap(v.Type()))
	for _, key := range n.Keys() {
		entry := reflect.New(v.Type().Elem()).Elem()
		b.text(n.Table[key].Key, key, field{})
		b.value(n.Table[key], entry, f)
		v.SetMapIndex(reflect.ValueOf(key), entry)
	}
}

func (b *binder) count(n *Node, count int, low, high int64) {
	if int64(count) < low || int64(count) > high {
		b.errs.Add(n.Pos, "", "", "%d entries; it takes %d to %d", count, low, high)
	}
}
