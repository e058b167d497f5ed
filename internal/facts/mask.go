package facts

import (
	"fmt"
	"strconv"
	"strings"
)

// Mask is a capability set as /proc/PID/status prints it: 16 hex digits.
type Mask uint64

// MarshalText prints the mask.
func (m Mask) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%016x", uint64(m)), nil }

// UnmarshalText reads the mask.
func (m *Mask) UnmarshalText(b []byte) error {
	v, err := strconv.ParseUint(strings.TrimSpace(string(b)), 16, 64)
	*m = Mask(v)
	return err
}
