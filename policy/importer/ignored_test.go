package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"casemate/policy/syntax"

	"github.com/rogpeppe/go-internal/txtar"
)

// body is what an import comes to, without the counts of its head: the text or the error.
// The language is asked, and not the compiler: what that would refuse is there too.
func body(o Options, sources ...Source) string {
	o.Judge = func(text []byte) ([]Need, error) {
		_, err := syntax.Parse("imported.toml", text)
		return nil, err
	}
	r, err := Import(o, sources...)
	if err != nil {
		return err.Error()
	}
	_, text, ok := strings.Cut(string(r.Text), " to fill in.\n")
	if !ok {
		panic("no head")
	}
	return text
}

// leavesOf lists the ways to the leaves and objects of a JSON value.
func leavesOf(v any, way []any, leaf, object func([]any)) {
	switch v := v.(type) {
	case map[string]any:
		object(way)
		for key := range v {
			leavesOf(v[key], append(slices.Clone(way), key), leaf, object)
		}
	case []any:
		for i := range v {
			leavesOf(v[i], append(slices.Clone(way), i), leaf, object)
		}
	default:
		leaf(way)
	}
}

// changed gives a value with something else at the end of a way; nil for nothing at all.
func changed(v any, way []any, with func(any) any) any {
	if len(way) == 0 {
		return with(v)
	}
	switch v := v.(type) {
	case map[string]any:
		key := way[0].(string)
		c := map[string]any{}
		for k, old := range v {
			if k != key {
				c[k] = old
			} else if n := changed(old, way[1:], with); n != nil {
				c[k] = n
			}
		}
		return c
	case []any:
		i := way[0].(int)
		c := slices.Clone(v)
		if c[i] = changed(v[i], way[1:], with); c[i] == nil {
			return slices.Delete(c, i, i+1)
		}
		return c
	}
	panic("no such way")
}

func parsed(t *testing.T, name string) any {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func source(t *testing.T, v any) Source {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return Source{Name: "config.json", Text: text}
}

// Without a leaf the result is another: none is read and forgotten.
func TestNoLeafIsIgnored(t *testing.T) {
	whole := parsed(t, "testdata/full.json")
	want := body(Options{Kind: OCIConfig}, source(t, whole))
	n := 0
	leavesOf(whole, nil, func(way []any) {
		n++
		less := changed(whole, way, func(any) any { return nil })
		if body(Options{Kind: OCIConfig}, source(t, less)) == want {
			t.Errorf("%v makes no difference", way)
		}
	}, func([]any) {})
	if n < 100 {
		t.Errorf("only %d leaves", n)
	}
}

// A key that nobody knows is named, wherever it stands, or the source is refused.
func TestUnknownKeysAreNamed(t *testing.T) {
	whole := parsed(t, "testdata/full.json")
	n := 0
	leavesOf(whole, nil, func([]any) {}, func(way []any) {
		n++
		key := fmt.Sprintf("unknown%d", n)
		more := changed(whole, way, func(v any) any {
			c := map[string]any{key: "value of it"}
			for k, old := range v.(map[string]any) {
				c[k] = old
			}
			return c
		})
		if got := body(Options{Kind: OCIConfig}, source(t, more)); !strings.Contains(got, key) {
			t.Errorf("%v: %s is not named", way, key)
		}
	})
	if n < 30 {
		t.Errorf("only %d objects", n)
	}
}

var blank = regexp.MustCompile(`^\s*([#;].*|\[.*\]|%.*)?\n?$`)

// Without a line the result is another, of every golden unit, policy and configuration
// file.
func TestNoLineIsIgnored(t *testing.T) {
	for _, name := range []string{"unit-sandboxed", "unit-nginx", "unit-denying", "unit-none", "minijail", "minijail-compiled", "minijail-conf-root"} {
		archive, err := txtar.ParseFile("testdata/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		files := map[string]Source{}
		for _, f := range archive.Files {
			files[f.Name] = Source{Name: f.Name, Text: f.Data}
		}
		line, _, _ := strings.Cut(string(archive.Comment), "\n")
		o, sources := request(t, line, files)
		want := body(o, sources...)
		for _, f := range archive.Files {
			if f.Name != "want" {
				withoutLines(t, name, line, files, f, want)
			}
		}
	}
}

// withoutLines takes the lines of one file out, one by one, with those that they are
// joined to.
func withoutLines(t *testing.T, name, request_ string, files map[string]Source, f txtar.File, want string) {
	lines := strings.SplitAfter(string(f.Data), "\n")
	for i := 0; i < len(lines); i++ {
		last := i
		for strings.HasSuffix(strings.TrimRight(lines[last], "\n"), `\`) {
			last++
			for blank.MatchString(lines[last]) {
				last++
			}
		}
		first := i
		i = last
		if blank.MatchString(lines[first]) {
			continue
		}
		less := map[string]Source{}
		for key, s := range files {
			less[key] = s
		}
		text := strings.Join(append(slices.Clone(lines[:first]), lines[last+1:]...), "")
		less[f.Name] = Source{Name: f.Name, Text: []byte(text)}
		o, sources := request(t, request_, less)
		if body(o, sources...) == want {
			t.Errorf("%s: %s makes no difference: %s", name, f.Name, strings.Join(lines[first:last+1], ""))
		}
	}
}
