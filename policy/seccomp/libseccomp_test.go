package seccomp

import (
	"testing"

	"casemate/policy/filter"
)

// libseccomp and our table agree on every name that both know.
func TestNumbersAgreeWithLibrary(t *testing.T) {
	for _, arch := range filter.Arches() {
		both := 0
		for _, nr := range filter.Numbers(arch) {
			name, _ := filter.Name(arch, nr)
			known, err := libraryKnows(arch, name, nr)
			if err != nil {
				t.Error(err)
			}
			if known {
				both++
			}
		}
		if both < 300 {
			t.Errorf("%s: libseccomp %s knows only %d of %d", arch, LibraryVersion(), both, len(filter.Numbers(arch)))
		}
	}
	if _, err := libraryKnows(filter.AMD64, "read", 1); err == nil {
		t.Error("another number than libseccomp's is taken")
	}
}

func mustParse(t testing.TB, syscall, text string) *filter.Expr {
	t.Helper()
	e, err := filter.ParseExpr(syscall, text)
	if err != nil {
		t.Fatalf("%s: %s: %v", syscall, text, err)
	}
	return e
}
