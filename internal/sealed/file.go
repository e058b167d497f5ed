package sealed

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"casemate/internal/wire"
)

// The file, integers big endian:
//
//	magic      8   "CASEMATE"
//	version    4
//	length     4   of the body
//	body           the walk of codec.go
//	digest    32   SHA-256 of everything before it
//	signed     1   0 or 1; 0 ends the file
//	key id     8   the first bytes of the public key's SHA-256
//	signature 64   Ed25519 over domain + digest
//
// The digest stands outside the signature block and covers magic, version and
// length, so that an unsigned policy is protected against decay too, and so that
// one number names a policy in receipts and logs whether it is signed or not.
const (
	Magic      = "CASEMATE" // the first bytes of every sealed policy
	headSize   = len(Magic) + 4 + 4
	keyIDSize  = 8
	signedSize = keyIDSize + ed25519.SignatureSize
	leastSize  = headSize + sha256.Size + 1
)

// MaxSize bounds a sealed file. A reader may refuse a larger one unread.
const MaxSize = 1 << 20

// File is a decoded sealed policy. Its policy is valid; who made it is known
// only after Verify.
type File struct {
	Policy *Policy
	Digest [sha256.Size]byte
	Signed bool
	KeyID  [keyIDSize]byte // of the signer, as the file claims; zero when unsigned

	signature [ed25519.SignatureSize]byte
}

// Encode seals a policy, signed when key is not nil. It refuses an invalid one:
// what Encode writes, Decode reads.
func Encode(p *Policy, key ed25519.PrivateKey) ([]byte, error) {
	if err := Validate(p); err != nil {
		return nil, err
	}
	c := wire.Encoder()
	codePolicy(c, p)
	body, err := c.Encoded()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	b := seal(body)
	if b, err = sign(b, key); err != nil {
		return nil, err
	}
	if len(b) > MaxSize {
		return nil, fmt.Errorf("%w: sealed, it has %d bytes; the limit is %d", ErrInvalid, len(b), MaxSize)
	}
	return b, nil
}

// seal frames a body up to and including the digest.
func seal(body []byte) []byte {
	b := make([]byte, 0, leastSize+len(body)+signedSize)
	b = append(b, Magic...)
	b = binary.BigEndian.AppendUint32(b, Version)
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
	b = append(b, body...)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// Decode reads a sealed policy. The order of the checks is the order of what
// can be said for sure: a file of a newer version is named as such before its
// lengths are believed, and no byte of the body is looked at before the digest.
func Decode(b []byte) (*File, error) {
	n, err := bodyLength(b)
	if err != nil {
		return nil, err
	}
	sealed, rest := b[:headSize+n], b[headSize+n:]
	f := &File{Digest: sha256.Sum256(sealed)}
	if !bytes.Equal(f.Digest[:], rest[:sha256.Size]) {
		return nil, ErrDigest
	}
	if err := f.splitSignature(rest[sha256.Size:]); err != nil {
		return nil, err
	}
	f.Policy, err = decodeBody(sealed[headSize:])
	if err != nil {
		return nil, err
	}
	return f, nil
}

// bodyLength checks the head, and that body, digest and signature flag are there.
func bodyLength(b []byte) (int, error) {
	if len(b) < len(Magic) && bytes.HasPrefix([]byte(Magic), b) {
		return 0, ErrTruncated
	}
	if !bytes.HasPrefix(b, []byte(Magic)) {
		return 0, ErrMagic
	}
	if len(b) < headSize {
		return 0, ErrTruncated
	}
	if v := binary.BigEndian.Uint32(b[len(Magic):]); v != Version {
		return 0, fmt.Errorf("%w: it is of version %d; this program reads version %d", ErrVersion, v, Version)
	}
	if len(b) > MaxSize {
		return 0, fmt.Errorf("%w: %d bytes are over the limit of %d", ErrCanonical, len(b), MaxSize)
	}
	n := binary.BigEndian.Uint32(b[len(Magic)+4:])
	if uint64(n) > uint64(max(0, len(b)-leastSize)) || len(b) < leastSize {
		return 0, ErrTruncated
	}
	return int(n), nil
}

// decodeBody reads the policy of a body whose digest is right. A failure here is
// no accident of transport, so that even a short body is called not canonical.
func decodeBody(body []byte) (*Policy, error) {
	p := new(Policy)
	c := wire.Decoder(body)
	codePolicy(c, p)
	if err := c.Finish(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCanonical, err)
	}
	if err := Validate(p); err != nil {
		return nil, err
	}
	return p, nil
}
