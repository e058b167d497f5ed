package sealed

import (
	"errors"
	"fmt"
)

// Version is the format that this package reads and writes.
const Version = 4

// The reasons for refusing a sealed policy, one word of difference each, so that
// a person knows whether to copy the file again, to update the host, or to look
// for an attacker. Every error of Decode and Verify wraps exactly one of them.
var (
	ErrMagic      = errors.New("not a sealed policy")
	ErrVersion    = errors.New("sealed policy of another version")
	ErrTruncated  = errors.New("sealed policy is truncated")
	ErrDigest     = errors.New("sealed policy was changed: its digest does not match")
	ErrCanonical  = errors.New("sealed policy is not in canonical form")
	ErrInvalid    = errors.New("invalid policy")
	ErrUnsigned   = errors.New("sealed policy is not signed")
	ErrUnknownKey = errors.New("sealed policy is signed by a key that is not trusted")
	ErrSignature  = errors.New("sealed policy has a wrong signature")

	// ErrKey is about key files, not about policies.
	ErrKey = errors.New("bad key file")
)

// invalid is ErrInvalid with the place in the policy text, where there is one,
// and what is wrong.
func invalid(at, format string, args ...any) error {
	if at != "" {
		at = clip(at) + ": "
	}
	return fmt.Errorf("%w: %s%s", ErrInvalid, at, fmt.Sprintf(format, args...))
}

// clip quotes and shortens text that failed a check, or that has not been checked
// yet, so that an error stays one printable line.
func clip(s string) string {
	if len(s) > 80 {
		s = s[:77] + "..."
	}
	q := fmt.Sprintf("%q", s)
	if q[1:len(q)-1] == s {
		return s
	}
	return q
}
