package selinux

import (
	"strings"
	"testing"

	"casemate/internal/facts"
)

// Each pair is another one, of two different categories, in the kernel's order.
func TestPairsAreUnique(t *testing.T) {
	seen := make(map[string]bool, Pairs)
	for n := range Pairs {
		p := Pair(n)
		if seen[p] {
			t.Fatalf("pair %d is %s again", n, p)
		}
		seen[p] = true
		if n%997 == 0 || n == Pairs-1 {
			if got, err := Canonical("s0:" + p); err != nil || got != "s0:"+p {
				t.Fatalf("pair %d: %s becomes %s, %v", n, p, got, err)
			}
		}
	}
	if Pair(0) != "c0,c1" || Pair(Pairs-1) != "c1022,c1023" {
		t.Error(Pair(0), Pair(Pairs-1))
	}
}

func TestCanonical(t *testing.T) {
	for text, want := range map[string]string{
		"s0": "s0", "s15:c1023": "s15:c1023", "s0:c1,c2": "s0:c1,c2", "s0:c1.c2": "s0:c1,c2", "s0:c1,c2,c3": "s0:c1.c3",
		"s0:c0.c1023": "s0:c0.c1023", "s0:c1,c5.c9,c11": "s0:c1,c5.c9,c11", "s0-s0": "s0", "s0:c1-s0:c1": "s0:c1",
		"s0-s0:c0.c1023": "s0-s0:c0.c1023", "s0:c63.c65": "s0:c63.c65", "s0:c63,c64": "s0:c63,c64", "s1:c2-s3:c1.c3": "s1:c2-s3:c1.c3",
	} {
		if got, err := Canonical(text); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"": "is not s0", "secret": "is not s0", "s": "is not s0", "s01": "is not s0", "s-1": "is not s0", "s0:": "is not c0",
		"s0:c1024": "is not c0 to c1023", "s0:c01": "is not c0", "s0:c1,": "is not c0", "s0:c2,c1": "c1 is out of order",
		"s0:c1,c1": "out of order", "s0:c5.c1": "out of order", "s0:c1.c1": "out of order", "s0:c1.c3,c2": "out of order",
		"s1-s0": "does not hold", "s0:c1-s0:c2": "does not hold", "s0:c1-s1": "does not hold", "s0-": "is not s0", "s0 ": "is not s0",
		"s0-s1-s2": "is not s0", "s0:c1:c2": "is not c0", "s0\n": "is not s0", "s99999999999999999999": "is not s0",
	} {
		if got, err := Canonical(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %s, %v, want %s", text, got, err, want)
		}
	}
}

// What is canonical stays as it is.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{"s0", "s0:c1,c2", "s0:c1.c3-s1:c0.c1023", "s0:c2,c1", "s0:c1023"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once, err := Canonical(text)
		if err != nil {
			return
		}
		if twice, err := Canonical(once); err != nil || twice != once {
			t.Errorf("%q: %q, then %q, %v", text, once, twice, err)
		}
	})
}

func TestMountOptions(t *testing.T) {
	on := facts.SELinux{Enabled: true}
	for label, want := range map[string]string{
		"u:r:t:s0": "u:object_r:f:s0", "u:r:t:s0:c1,c2": "u:object_r:f:s0:c1,c2", "u:r:t:s0:c1-s0:c0.c1023": "u:object_r:f:s0:c1",
	} {
		if got := MountOptions("u:object_r:f", label, on); len(got) != 1 || got[0] != [2]string{"context", want} {
			t.Errorf("%s: %s, want %s", label, got, want)
		}
	}
	if got := MountOptions("", "u:r:t:s0", on); got != nil {
		t.Errorf("without a type: %s", got)
	}
	if got := MountOptions("u:object_r:f", "u:r:t:s0", facts.SELinux{}); got != nil {
		t.Errorf("without SELinux: %s", got)
	}
}
