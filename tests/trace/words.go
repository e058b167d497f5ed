//go:build amd64

package trace

import (
	"bytes"

	"golang.org/x/sys/unix"
)

// longest is as much of a string as is read.
const longest = 4096

// Text reads a NUL-terminated string of a stopped caller; "" for none. Addresses without
// a page, as of a NULL, read as "".
func (c *Call) Text(address uint64) string {
	var text []byte
	for len(text) < longest {
		var b [64]byte
		n, err := unix.PtracePeekData(c.PID, uintptr(address)+uintptr(len(text)), b[:])
		if end := bytes.IndexByte(b[:n], 0); end >= 0 {
			return string(append(text, b[:end]...))
		}
		text = append(text, b[:n]...)
		if err != nil || n == 0 {
			break
		}
	}
	return string(text)
}
