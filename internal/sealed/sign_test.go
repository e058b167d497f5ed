package sealed

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"testing"
)

func TestVerify(t *testing.T) {
	one, two := testKey(1), testKey(2)
	signed := encode(t, full(), one)
	plain := encode(t, full(), nil)
	other := small()
	foreign := encode(t, other, one)
	flag := len(signed) - signedSize - 1

	stripped := append(bytes.Clone(signed[:flag]), flagUnsigned)
	// The signature of another policy by the same, trusted key.
	moved := append(bytes.Clone(signed[:flag]), foreign[len(foreign)-signedSize-1:]...)
	// A signature by an untrusted key under the id of a trusted one.
	wrong := encode(t, full(), two)
	id := KeyID(public(one))
	copy(wrong[flag+1:], id[:])
	// A signature over the bare digest, as another program might make it.
	bare := append(bytes.Clone(signed[:flag+1+keyIDSize]), ed25519.Sign(one, signed[flag-32:flag])...)

	tests := []struct {
		name string
		file []byte
		keys []ed25519.PublicKey
		want error
	}{
		{"trusted", signed, []ed25519.PublicKey{public(one)}, nil},
		{"trusted among others", signed, []ed25519.PublicKey{public(two), public(one)}, nil},
		{"unsigned", plain, []ed25519.PublicKey{public(one)}, ErrUnsigned},
		{"stripped", stripped, []ed25519.PublicKey{public(one)}, ErrUnsigned},
		{"no keys", signed, nil, ErrUnknownKey},
		{"unsigned, no keys", plain, nil, ErrUnsigned},
		{"another key", signed, []ed25519.PublicKey{public(two)}, ErrUnknownKey},
		{"short key", signed, []ed25519.PublicKey{public(one)[:31]}, ErrUnknownKey},
		{"moved from another policy", moved, []ed25519.PublicKey{public(one)}, ErrSignature},
		{"under a trusted id", wrong, []ed25519.PublicKey{public(one), public(two)}, ErrSignature},
		{"without the domain", bare, []ed25519.PublicKey{public(one)}, ErrSignature},
	}
	for _, test := range tests {
		f, err := Decode(test.file)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if err := f.Verify(test.keys); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}
