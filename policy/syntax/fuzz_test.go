package syntax

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// Whatever the text, the reader gives a File or errors with a position, and it
// accepts nothing that go-toml's own strict decoder refuses or reads otherwise.
func FuzzParse(f *testing.F) {
	f.Add([]byte(sample))
	for _, c := range refused {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := Parse("f.toml", text)
		if errs, ok := err.(Errors); ok {
			for _, e := range errs {
				if e.Pos.File != "f.toml" || strings.HasPrefix(e.Msg, "BUG") {
					t.Fatalf("no place, or a bug: %v", e)
				}
			}
			return
		} else if err != nil {
			t.Fatal(err)
		}
		var want File
		d := toml.NewDecoder(bytes.NewReader(text))
		if err := d.DisallowUnknownFields().Decode(&want); err != nil {
			t.Fatalf("go-toml refuses it: %v", err)
		}
		got.root = nil
		if !reflect.DeepEqual(normal(t, got), normal(t, &want)) {
			t.Fatalf("got %+v\nwant %+v", got, &want)
		}
	})
}

// normal is f as JSON, where an empty list is a missing one: the two decoders
// differ in that alone.
func normal(t *testing.T, f *File) any {
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return prune(v)
}

func prune(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = prune(v[i])
		}
		if len(v) == 0 {
			return nil
		}
	case map[string]any:
		for k := range v {
			if v[k] = prune(v[k]); v[k] == nil {
				delete(v, k)
			}
		}
		if len(v) == 0 {
			return nil
		}
	}
	return v
}
