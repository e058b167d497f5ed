package syntax

import (
	"reflect"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// A key that must be there has an example, which is what the key takes.
func TestNeededKeysHaveExamples(t *testing.T) {
	seen := 0
	var visit func(reflect.Type)
	visit = func(of reflect.Type) {
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct || of == dateType {
			return
		}
		for _, f := range fields(of) {
			visit(of.Field(f.index).Type)
			if !f.needed {
				continue
			}
			seen++
			var table map[string]any
			if err := toml.Unmarshal([]byte("x = "+f.example), &table); err != nil {
				t.Errorf("%s of %s: %q: %v", f.name, of.Name(), f.example, err)
				continue
			}
			n := &Node{}
			switch x := table["x"].(type) {
			case []any:
				for _, e := range x {
					n.List = append(n.List, &Node{Value: e})
				}
			default:
				n.Value = x
			}
			var b binder
			b.value(n, reflect.New(of.Field(f.index).Type).Elem(), f)
			if err := b.errs.Err(); err != nil {
				t.Errorf("%s of %s: %q: %v", f.name, of.Name(), f.example, err)
			}
		}
	}
	visit(reflect.TypeFor[File]())
	if seen < 10 {
		t.Errorf("%d keys that must be there", seen)
	}
}
