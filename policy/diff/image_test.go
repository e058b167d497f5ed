package diff

import (
	"slices"
	"testing"

	"casemate/internal/sealed"
)

// Between images.
func TestImages(t *testing.T) {
	for _, c := range []struct {
		name    string
		to      sealed.Image
		order   Order
		subject string
		back    Order
	}{
		{"not verified", sealed.Image{File: "/a"}, Weaker, "root hash", Stricter},
		{"another hash", sealed.Image{File: "/a", Verity: "/b", Hash: [32]byte{2}}, Incomparable, "root hash", Incomparable},
		{"the tree elsewhere", sealed.Image{File: "/a", Verity: "/c", Hash: [32]byte{1}}, Behaviour, "hash tree", Behaviour},
		{"another file", sealed.Image{File: "/c", Verity: "/b", Hash: [32]byte{1}}, Incomparable, "path", Incomparable},
	} {
		old, new := &sealed.Policy{Root: sealed.Root{Image: verified}}, &sealed.Policy{Root: sealed.Root{Image: c.to}}
		for i, p := range [][2]*sealed.Policy{{old, new}, {new, old}} {
			d := &differ{old: Side{Policy: p[0]}, new: Side{Policy: p[1]}}
			if err := d.root(); err != nil {
				t.Fatal(err)
			}
			if n := slices.IndexFunc(d.changes, func(g Change) bool { return g.Subject == c.subject }); n < 0 || d.changes[n].Order != []Order{c.order, c.back}[i] {
				t.Errorf("%s, %d: %+v", c.name, i, d.changes)
			}
		}
	}
}
