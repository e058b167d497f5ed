package importer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casemate/policy/syntax"

	"github.com/rogpeppe/go-internal/txtar"
)

// seeds are the golden sources of a kind, and what is refused.
func seeds(f *testing.F, kind Kind, prefix ...string) {
	for _, p := range prefix {
		found, err := filepath.Glob("testdata/" + p + "*.txtar")
		if err != nil || len(found) == 0 {
			f.Fatal(found, err)
		}
		for _, name := range found {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				f.Fatal(err)
			}
			for _, file := range archive.Files {
				if file.Name != "want" {
					f.Add(file.Data)
				}
			}
		}
	}
	for _, r := range refusals {
		if r.kind == kind && len(r.text) < 1<<12 {
			f.Add([]byte(r.text))
		}
	}
}

// imported takes any bytes for a source of a kind: they are refused with their place, or
// become a text that the language accepts, with every item answered for.
func imported(t *testing.T, o Options, text []byte) {
	n := 0
	o.Judge = func(text []byte) ([]Need, error) {
		n++
		_, err := syntax.Parse("imported.toml", text)
		return nil, err
	}
	r, err := Import(o, Source{Name: "x", Text: text})
	if err != nil {
		if _, placed := err.(syntax.Errors); !placed && !strings.HasPrefix(err.Error(), "the policy would have ") {
			t.Fatalf("no place: %v", err)
		}
		return
	}
	if _, err := syntax.Parse("imported.toml", r.Text); err != nil {
		t.Fatalf("after %d rounds: %v\n%s", n, err, r.Text)
	}
}

func FuzzOCISeccomp(f *testing.F) {
	seeds(f, OCISeccomp, "seccomp-")
	f.Fuzz(func(t *testing.T, text []byte) {
		imported(t, Options{Kind: OCISeccomp}, text)
		imported(t, Options{Kind: OCISeccomp, Invert: true, Caps: []string{"SYS_ADMIN"}, Kernel: "6.1"}, text)
	})
}

func FuzzOCIConfig(f *testing.F) {
	text, err := os.ReadFile("testdata/full.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	seeds(f, OCIConfig, "oci-config")
	f.Fuzz(func(t *testing.T, text []byte) { imported(t, Options{Kind: OCIConfig}, text) })
}

func FuzzMinijail(f *testing.F) {
	seeds(f, Minijail, "minijail")
	f.Fuzz(func(t *testing.T, text []byte) {
		imported(t, Options{Kind: Minijail}, text)
	})
}

func FuzzUnit(f *testing.F) {
	seeds(f, Systemd, "unit-")
	f.Fuzz(func(t *testing.T, text []byte) {
		imported(t, Options{Kind: Systemd}, text)
		imported(t, Options{Kind: Systemd, Invert: true}, text)
	})
}
