package sealed

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// FuzzDecode feeds each input twice: as a file, which hardly ever gets past the
// digest, and as a body with a right frame around it, which is what somebody who
// can write sealed files would send.
func FuzzDecode(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzFile(t, b)
		if len(b) <= MaxSize-leastSize {
			fuzzFile(t, reframe(b))
		}
	})
}

// fuzzFile: a file is refused with one of our errors, or it decodes to a policy
// that is valid and seals to the same bytes. Memory stays in proportion.
func fuzzFile(t *testing.T, b []byte) {
	var file *File
	var err error
	if n := allocated(func() { file, err = Decode(b) }); n > allocationLimit(len(b)) {
		t.Fatalf("%d bytes of input, %d bytes allocated", len(b), n)
	}
	if err != nil {
		for _, class := range []error{ErrMagic, ErrVersion, ErrTruncated, ErrDigest, ErrCanonical, ErrInvalid} {
			if errors.Is(err, class) {
				return
			}
		}
		t.Fatalf("an error of no class: %v", err)
	}
	again, err := Encode(file.Policy, nil)
	if err != nil {
		t.Fatalf("decoded and not valid: %v", err)
	}
	if !bytes.Equal(b[:len(again)-1], again[:len(again)-1]) || !file.Signed && len(b) != len(again) {
		t.Fatal("decoding and encoding gives other bytes")
	}
	if file.Verify(nil) == nil {
		t.Fatal("verified without a key")
	}
}

// crafted checks that a policy which Validate refuses is refused in a file too,
// whose digest is right because somebody made it so.
func crafted(t *testing.T, name string, p *Policy) {
	t.Helper()
	b, ok := looseBody(p)
	if !ok {
		return // the codec itself cannot carry it
	}
	if _, err := Decode(reframe(b)); !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrCanonical) {
		t.Errorf("%s: in a crafted file: %v", name, err)
	}
}

// TestSeeds rewrites the committed seeds with -update; the fuzz target itself runs
// them in every test run.
func TestSeeds(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	whole := encode(t, full(), testKey(1))
	seeds := map[string][]byte{
		"empty":      nil,
		"magic":      []byte(Magic),
		"small":      encode(t, small(), nil),
		"signed":     whole,
		"cut":        whole[:len(whole)/2],
		"body":       body(t, full()),
		"small-body": body(t, small()),
		"generated":  body(t, generate(r)),
	}
	for name, b := range seeds {
		path := filepath.Join("testdata", "fuzz", "FuzzDecode", name)
		text := "go test fuzz v1\n[]byte(" + strconv.Quote(string(b)) + ")\n"
		if *update {
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("seed %s is not up to date (%v); run with -update", name, err)
		}
	}
}
