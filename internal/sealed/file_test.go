package sealed

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden file and the fuzz seeds")

// testKey is a fixed key: signatures are deterministic, so that the golden file is.
func testKey(n byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize))
}

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

func encode(t testing.TB, p *Policy, key ed25519.PrivateKey) []byte {
	t.Helper()
	b, err := Encode(p, key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// reframe gives a sealed file, unsigned, around a body that Encode would refuse.
func reframe(body []byte) []byte { return append(seal(body), flagUnsigned) }

func roundTrip(t *testing.T, p *Policy, key ed25519.PrivateKey) {
	t.Helper()
	b := encode(t, p, key)
	f, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(p, f.Policy); d != "" {
		t.Fatalf("decoded policy differs:\n%s", d)
	}
	if f.Signed != (key != nil) {
		t.Errorf("signed: %v", f.Signed)
	}
	if again := encode(t, f.Policy, key); !bytes.Equal(b, again) {
		t.Error("encoding again gives other bytes")
	}
}

func TestRoundTrip(t *testing.T) {
	for _, p := range []*Policy{small(), full(), realistic()} {
		roundTrip(t, p, nil)
		roundTrip(t, p, testKey(1))
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		roundTrip(t, generate(r), nil)
	}
}

// TestGolden pins version 3: a file that was sealed once opens for ever, and the
// same policy seals to the same bytes.
func TestGolden(t *testing.T) {
	const name = "testdata/full.sealed"
	b := encode(t, full(), testKey(1))
	if *update {
		if err := os.WriteFile(name, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, golden) {
		t.Errorf("encoding differs from %s; a change of the format is a new version", name)
	}
	if f, err := Decode(golden); err != nil {
		t.Error(err)
	} else if err := f.Verify([]ed25519.PublicKey{public(testKey(1))}); err != nil {
		t.Error(err)
	}
}

func TestDigestNamesThePolicyNotTheSignature(t *testing.T) {
	plain, signed := encode(t, full(), nil), encode(t, full(), testKey(1))
	a, _ := Decode(plain)
	b, _ := Decode(signed)
	if a.Digest != b.Digest || a.Digest != sha256.Sum256(plain[:len(plain)-33]) {
		t.Error("the digest depends on the signature")
	}
}

func TestEveryTruncationIsRefused(t *testing.T) {
	for _, b := range [][]byte{encode(t, full(), nil), encode(t, full(), testKey(1))} {
		for n := range b {
			if _, err := Decode(b[:n]); !errors.Is(err, ErrTruncated) {
				t.Fatalf("%d of %d bytes: %v", n, len(b), err)
			}
		}
	}
}

// flipClasses are the errors allowed for a flipped bit at an offset of a signed file.
func flipClasses(offset, size int) []error {
	digestEnd := size - signedSize - 1
	switch {
	case offset < 8:
		return []error{ErrMagic}
	case offset < 12:
		return []error{ErrVersion}
	case offset < 16: // a longer body is not there; a shorter one has another digest
		return []error{ErrTruncated, ErrDigest}
	case offset < digestEnd:
		return []error{ErrDigest}
	case offset == digestEnd:
		return []error{ErrCanonical}
	case offset < digestEnd+1+keyIDSize:
		return []error{ErrUnknownKey}
	}
	return []error{ErrSignature}
}

func TestEveryBitFlipIsRefused(t *testing.T) {
	b := encode(t, full(), testKey(1))
	keys := []ed25519.PublicKey{public(testKey(1))}
	for bit := range len(b) * 8 {
		b[bit/8] ^= 1 << (bit % 8)
		f, err := Decode(b)
		if err == nil {
			err = f.Verify(keys)
		}
		right := false
		for _, want := range flipClasses(bit/8, len(b)) {
			right = right || errors.Is(err, want)
		}
		if !right {
			t.Fatalf("byte %d bit %d: %v", bit/8, bit%8, err)
		}
		b[bit/8] ^= 1 << (bit % 8)
	}
}

func TestUnsignedFlagFlip(t *testing.T) {
	b := encode(t, full(), nil)
	for bit := range 8 {
		b[len(b)-1] = 1 << bit
		want := ErrCanonical
		if bit == 0 {
			want = ErrTruncated // it says that a signature follows
		}
		if _, err := Decode(b); !errors.Is(err, want) {
			t.Errorf("flag %#x: %v", b[len(b)-1], err)
		}
	}
}

func TestRefusedFiles(t *testing.T) {
	good := encode(t, full(), nil)
	signed := encode(t, full(), testKey(1))
	version := func(n uint32, b []byte) []byte {
		b = bytes.Clone(b)
		binary.BigEndian.PutUint32(b[8:], n)
		return b
	}
	least := body(t, small()) // which ends in its contract with the service manager
	body := good[headSize : len(good)-33]
	tests := []struct {
		name string
		file []byte
		want error
		text string
	}{
		{"empty", nil, ErrTruncated, ""},
		{"other file", []byte("\x7fELF and so on, some 30 bytes long"), ErrMagic, ""},
		{"short other file", []byte("CASH"), ErrMagic, ""},
		{"newer version", version(Version+1, good), ErrVersion, "version 5; this program reads version 4"},
		{"older version", version(1, good), ErrVersion, "version 1; this program reads version 4"},
		{"newer version, cut", version(7, good)[:16], ErrVersion, "version 7"},
		{"version 0", version(0, good), ErrVersion, "version 0"},
		{"trailing byte", append(bytes.Clone(good), 0), ErrCanonical, "1 bytes follow"},
		{"trailing bytes, signed", append(bytes.Clone(signed), good...), ErrCanonical, "bytes follow"},
		{"too large", append(bytes.Clone(good), make([]byte, MaxSize)...), ErrCanonical, "limit"},
		{"body with more after it", reframe(append(bytes.Clone(body), 0)), ErrCanonical, "1 bytes follow the end"},
		{"body cut", reframe(body[:len(body)-1]), ErrCanonical, "truncated"},
		{"body empty", reframe(nil), ErrCanonical, "truncated"},
		{"readiness of 9", reframe(append(append(bytes.Clone(least[:len(least)-14]), 9), least[len(least)-13:]...)), ErrCanonical, "value 9 is not below"},
	}
	for _, test := range tests {
		_, err := Decode(test.file)
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: %v", test.name, err)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%s: not one line: %q", test.name, err)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	p := full()
	for range 300 {
		p.Exec.Argv = append(p.Exec.Argv, strings.Repeat("x", 4000))
	}
	if _, err := Encode(p, nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("over 1 MiB: %v", err)
	}
	p = full()
	p.Service = "Nginx"
	if _, err := Encode(p, nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("bad service: %v", err)
	}
	if _, err := Encode(full(), ed25519.PrivateKey{1, 2}); !errors.Is(err, ErrKey) {
		t.Errorf("bad key: %v", err)
	}
}
