package sealed

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strings"
)

// Key files are text, one key a line, so that a trusted-keys file can be read
// and reviewed like an authorized_keys file. There is one spelling of a key:
// the base64 is strict and nothing surrounds the fields but single spaces.
const (
	publicWord  = "casemate-ed25519"
	privateWord = "casemate-ed25519-private"

	maxKeyFile = 64 << 10
	maxKeyLine = 1 << 10
)

var strict = base64.StdEncoding.Strict()

// MarshalPrivateKey gives the text of a private key file.
func MarshalPrivateKey(key ed25519.PrivateKey) []byte {
	return []byte(privateWord + " " + strict.EncodeToString(key.Seed()) + "\n")
}

// ParsePrivateKey reads what MarshalPrivateKey wrote. Its errors never quote the
// text: they may end up in a build log.
func ParsePrivateKey(b []byte) (ed25519.PrivateKey, error) {
	line, ended := strings.CutSuffix(string(b), "\n")
	word, text, _ := strings.Cut(line, " ")
	if !ended || word != privateWord {
		return nil, fmt.Errorf("%w: not one line that starts with %s", ErrKey, privateWord)
	}
	seed, err := decode32(text)
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// MarshalPublicKey gives one line of a trusted-keys file. The comment may be empty.
func MarshalPublicKey(key ed25519.PublicKey, comment string) ([]byte, error) {
	if len(key) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%w: a public key of %d bytes", ErrKey, len(key))
	}
	if why := lineFault(comment, maxKeyLine/2); why != "" {
		return nil, fmt.Errorf("%w: comment %s: %s", ErrKey, clip(comment), why)
	}
	text := publicWord + " " + strict.EncodeToString(key)
	if comment != "" {
		text += " " + comment
	}
	return []byte(text + "\n"), nil
}

// ParsePublicKeys reads a trusted-keys file. A file without a key is an error:
// its owner wanted signatures demanded, and a caller that counts keys to decide
// whether to demand them would demand none.
func ParsePublicKeys(b []byte) ([]ed25519.PublicKey, error) {
	if len(b) > maxKeyFile {
		return nil, fmt.Errorf("%w: %d bytes are over the limit of %d", ErrKey, len(b), maxKeyFile)
	}
	var keys []ed25519.PublicKey
	number := 0
	for text := range strings.Lines(string(b)) {
		number++
		text = strings.TrimSuffix(text, "\n")
		if text == "" || text[0] == '#' {
			continue
		}
		k, err := parsePublicKey(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		for _, other := range keys {
			if bytes.Equal(k, other) {
				return nil, fmt.Errorf("line %d: %w: the key stands there twice", number, ErrKey)
			}
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: it holds no key", ErrKey)
	}
	return keys, nil
}

func parsePublicKey(text string) (ed25519.PublicKey, error) {
	if why := lineFault(text, maxKeyLine); why != "" {
		return nil, fmt.Errorf("%w: %s", ErrKey, why)
	}
	word, rest, _ := strings.Cut(text, " ")
	if word == privateWord {
		return nil, fmt.Errorf("%w: a private key among the trusted keys", ErrKey)
	}
	if word != publicWord {
		return nil, fmt.Errorf("%w: %s is not %s", ErrKey, clip(word), publicWord)
	}
	encoded, _, _ := strings.Cut(rest, " ")
	return decode32(encoded)
}

// decode32 reads the base64 of 32 bytes. The length is checked first, since the
// standard decoder skips line ends.
func decode32(text string) ([]byte, error) {
	if len(text) != strict.EncodedLen(ed25519.PublicKeySize) {
		return nil, fmt.Errorf("%w: %d characters where base64 of a key has %d",
			ErrKey, len(text), strict.EncodedLen(ed25519.PublicKeySize))
	}
	b, err := strict.DecodeString(text)
	if err != nil || len(b) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%w: not strict base64 of a key", ErrKey)
	}
	return b, nil
}
