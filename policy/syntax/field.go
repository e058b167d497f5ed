package syntax

import (
	"reflect"
	"strconv"
	"strings"
)

// field is one key of a table as its tags describe it.
type field struct {
	name     string
	doc      string
	example  string // of a value, as TOML has it
	hint     string // for what is out of range or unknown; "" for the bounds and words
	enum     []string
	min, max int64 // see bounds
	whole    bool
	emptyOK  bool
	needed   bool
	index    int
}

// fields of a struct type, in the order of its declaration.
func fields(t reflect.Type) []field {
	var all []field
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		if tag.Get("toml") == "" {
			continue
		}
		f := field{
			name:    tag.Get("toml"),
			doc:     tag.Get("doc"),
			example: tag.Get("eg"),
			hint:    tag.Get("hint"),
			whole:   tag.Get("merge") == "whole",
			emptyOK: tag.Get("empty") == "ok",
			needed:  tag.Get("need") == "yes",
			index:   i,
		}
		if words := tag.Get("enum"); words != "" {
			f.enum = strings.Split(words, "|")
		}
		f.bounds(tag, t.Field(i).Type)
		all = append(all, f)
	}
	return all
}

// bounds reads min and max: of the value for integers and lists of them, of the
// number of entries for other lists and maps.
func (f *field) bounds(tag reflect.StructTag, t reflect.Type) {
	f.min, f.max = 0, maxList
	if isInteger(t) {
		f.min, f.max = -1<<31, 1<<31
	}
	for key, bound := range map[string]*int64{"min": &f.min, "max": &f.max} {
		text, ok := tag.Lookup(key)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			panic("BUG: tag " + key + " of " + f.name + ": " + err.Error())
		}
		*bound = n
	}
}

// isInteger tells whether t holds integers, however wrapped.
func isInteger(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t.Kind() == reflect.Int64
}

// names of fields, for hints.
func names(fs []field) []string {
	all := make([]string, len(fs))
	for i, f := range fs {
		all[i] = f.name
	}
	return all
}
