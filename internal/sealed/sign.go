package sealed

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
)

// domain starts every signed message, so that a signature of ours can not be
// taken for a signature over a bare digest that some other program made with
// the same key, nor the other way round.
const domain = "casemate sealed policy v1\x00"

// Values of the byte that says whether a signature follows.
const (
	flagUnsigned = 0
	flagSigned   = 1
)

// KeyID is the short name of a public key. It selects; it proves nothing.
func KeyID(key ed25519.PublicKey) (id [keyIDSize]byte) {
	sum := sha256.Sum256(key)
	copy(id[:], sum[:])
	return id
}

// message is what is signed. The digest covers every byte of the file before it.
func message(digest []byte) []byte { return append([]byte(domain), digest...) }

// sign ends a file whose last bytes are its digest.
func sign(b []byte, key ed25519.PrivateKey) ([]byte, error) {
	if key == nil {
		return append(b, flagUnsigned), nil
	}
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("%w: a private key of %d bytes", ErrKey, len(key))
	}
	id := KeyID(key.Public().(ed25519.PublicKey))
	signature := ed25519.Sign(key, message(b[len(b)-sha256.Size:]))
	b = append(b, flagSigned)
	b = append(b, id[:]...)
	return append(b, signature...), nil
}

// splitSignature reads what follows the digest, and the end of the file.
func (f *File) splitSignature(b []byte) error {
	flag, b := b[0], b[1:]
	want := 0
	switch flag {
	case flagUnsigned:
	case flagSigned:
		want = signedSize
	default:
		return fmt.Errorf("%w: its signature flag is %d", ErrCanonical, flag)
	}
	if len(b) < want {
		return ErrTruncated
	}
	if len(b) > want {
		return fmt.Errorf("%w: %d bytes follow its end", ErrCanonical, len(b)-want)
	}
	if flag == flagSigned {
		f.Signed = true
		copy(f.KeyID[:], b)
		copy(f.signature[:], b[keyIDSize:])
	}
	return nil
}

// Verify demands a signature by one of the keys. Without keys it fails: whoever
// has no trusted keys does not ask.
func (f *File) Verify(keys []ed25519.PublicKey) error {
	if !f.Signed {
		return ErrUnsigned
	}
	err := fmt.Errorf("%w: key id %x", ErrUnknownKey, f.KeyID)
	for _, k := range keys {
		if len(k) != ed25519.PublicKeySize || KeyID(k) != f.KeyID {
			continue
		}
		if ed25519.Verify(k, message(f.Digest[:]), f.signature[:]) {
			return nil
		}
		err = fmt.Errorf("%w: key id %x", ErrSignature, f.KeyID)
	}
	return err
}
