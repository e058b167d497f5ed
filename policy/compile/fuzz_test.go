package compile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casemate/internal/sealed"
	"casemate/policy/syntax"
)

// Whatever the text, it is refused with a place, or it compiles to a policy that
// can be sealed: the compiler leaves nothing for the codec's own checks to find.
func FuzzCompile(f *testing.F) {
	f.Add(head)
	for _, name := range []string{"nginx", "redis", "batch", "python"} {
		text, err := os.ReadFile("../../examples/" + name + ".toml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	text, err := os.ReadFile("../testdata/everything.toml")
	if err != nil {
		f.Fatal(err)
	}
	for section := range strings.SplitSeq(string(text), "\n\n") {
		f.Add(head + section)
	}
	dir := f.TempDir()
	for name, text := range map[string]string{"passwd": passwdText, "group": groupText} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			f.Fatal(err)
		}
	}
	o := Options{Passwd: filepath.Join(dir, "passwd"), Group: filepath.Join(dir, "group")}
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "p.toml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Compile(path, o)
		var errs syntax.Errors
		switch {
		case err == nil:
			if _, err := sealed.Encode(r.Policy, nil); err != nil {
				t.Fatal(err)
			}
		case errors.As(err, &errs):
			for _, e := range errs {
				if e.Pos.File == "" {
					t.Fatalf("no place: %v", e)
				}
			}
		case !strings.HasPrefix(text, sealed.Magic):
			t.Fatal(err)
		}
	})
}
