package sealed

import (
	"crypto/ed25519"
	"testing"
)

func BenchmarkDecode(b *testing.B) {
	file := encode(b, realistic(), testKey(1))
	b.ReportAllocs()
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if _, err := Decode(file); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	f, err := Decode(encode(b, realistic(), testKey(1)))
	if err != nil {
		b.Fatal(err)
	}
	keys := []ed25519.PublicKey{public(testKey(1))}
	for b.Loop() {
		if err := f.Verify(keys); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkValidate(b *testing.B) {
	p := realistic()
	b.ReportAllocs()
	for b.Loop() {
		if err := Validate(p); err != nil {
			b.Fatal(err)
		}
	}
}
