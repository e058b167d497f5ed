package lab

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Golden demands that a golden file holds a text, or writes it there. The flag -update is each
// package's own, so that one without golden files does not take it.
func Golden(t *testing.T, update bool, file, got string) {
	t.Helper()
	if update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s: go test -run Golden -update rewrites it\n%s", file, d)
	}
}
