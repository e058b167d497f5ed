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

// key is one of the language.
type key struct {
	section string // "" for the top level
	path    string // below the section, with dots
	tag     reflect.StructTag
}

// keysOf are those of a type, and of what it holds.
func keysOf(of reflect.Type, section, path string) (all []key) {
	for i := range of.NumField() {
		tag, inner := of.Field(i).Tag, of.Field(i).Type
		name := tag.Get("toml")
		if name == "" {
			continue
		}
		below := strings.TrimPrefix(path+"."+name, ".")
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		table := inner.Kind() == reflect.Struct && strings.HasSuffix(inner.PkgPath(), "policy/syntax")
		switch {
		case table && section == "" && path == "":
			all = append(all, keysOf(inner, name, "")...)
			continue
		case table:
			all = append(all, keysOf(inner, section, below)...)
		}
		all = append(all, key{section, below, tag})
	}
	return all
}

func language(t *testing.T) []key {
	t.Helper()
	all := keysOf(reflect.TypeFor[syntax.File](), "", "")
	if len(all) < 90 {
		t.Fatalf("%d keys", len(all))
	}
	return all
}

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What docs/policy.md says that a list or a number takes is what the language does.
func TestDocumentedBounds(t *testing.T) {
	bounds := map[string][]string{} // last part of the key -> "at most max", "min to max"
	for _, k := range language(t) {
		if most := k.tag.Get("max"); most != "" {
			name := k.path[strings.LastIndexByte(k.path, '.')+1:]
			bounds[name] = append(bounds[name], "at most "+most, k.tag.Get("min")+" to "+most)
		}
	}
	row, bound := regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| ([^|]*)\\|"), regexp.MustCompile(`at most [0-9]+|-?[0-9]+ to [0-9]+`)
	compared := 0
	for _, m := range row.FindAllStringSubmatch(text(t, "../docs/policy.md"), -1) {
		name := m[1][strings.LastIndexByte(m[1], '.')+1:]
		for _, said := range bound.FindAllString(m[2], -1) {
			if bounds[name] == nil {
				continue // of a string
			}
			compared++
			if said = strings.Replace(said, "2 to 7", "0 to 7", 1); !slices.Contains(bounds[name], said) {
				t.Errorf("%s: the text says %q, and the language has %q", m[1], said, bounds[name])
			}
		}
	}
	if compared < 15 {
		t.Errorf("%d bounds", compared)
	}
}

// Both descriptions of the language have every key, in the part about its section.
func TestEveryKeyIsDocumented(t *testing.T) {
	manual, tables := text(t, "../docs/man/casemate-policy.5"), text(t, "../docs/policy.md")
	for _, k := range language(t) {
		inManual, inTables := part(manual, ".SS ["+k.section+"]", ".S"), part(tables, "## "+k.section, "## ")
		switch k.section {
		case "":
			if k.path == "why" {
				continue // a section, whose keys are the grants
			}
			inManual, inTables = part(manual, ".SS Top level", ".S"), part(tables, "## Top level", "## ")
		case "waive":
			inManual = part(manual, ".SS [[waive]]", ".S")
		case "cgroup": // its keys are the names of files
			if strings.Count(k.path, ".") == 0 && k.path != "devices" || k.path == "memory.swap" || k.path == "memory.oom" {
				continue
			}
		}
		name := k.path
		if k.section != "cgroup" && k.section != "root" || strings.HasPrefix(name, "devices.") {
			name = name[strings.LastIndexByte(name, '.')+1:]
		} else if name == "image" {
			continue
		}
		word := regexp.MustCompile(`(^|[^a-z_.])` + regexp.QuoteMeta(name) + `($|[^a-z_])`)
		for file, in := range map[string]string{"casemate-policy(5)": strings.ReplaceAll(inManual, `\-`, "-"), "docs/policy.md": inTables} {
			if !word.MatchString(in) {
				t.Errorf("%s.%s is not in %s", k.section, k.path, file)
			}
		}
	}
}

// part is a text from a line that is head on, up to the next line that begins with end.
func part(text, head, end string) string {
	_, rest, _ := strings.Cut("\n"+text, "\n"+head+"\n")
	inside, _, _ := strings.Cut(rest, "\n"+end)
	return inside
}
