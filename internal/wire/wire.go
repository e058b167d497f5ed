// Package wire is the codec under the sealed policy and init's orders. One
// description of a type serves both directions: a Coder either appends to a
// buffer or takes from one, and the same walk over the fields does both, so
// that encoder and decoder cannot drift apart.
//
// The encoding is canonical by construction: integers have a fixed width and are
// big endian, a string or list is its u32 length and its elements, a bool is 0 or
// 1, and nothing is optional. A decoded value therefore encodes to the bytes it
// came from. It is bounded: no allocation is made from a length that the rest of
// the input could not fill.
//
// It imports nothing of ours, no fmt (init links it) and no reflection: a general codec (deterministic
// CBOR) was measured at 676 KiB of binary and 0.3 ms of start-up; see
// docs/design.md.
package wire

import (
	"errors"
	"strconv"
)

// ErrShort says that the input ends inside a value.
var ErrShort = errors.New("truncated")

// A Coder encodes or decodes. The first error sticks; later calls do nothing.
type Coder struct {
	buf     []byte // encoding: what was written; decoding: what is left
	text    string // decoding: all of the input, of which strings are parts
	decodes bool
	err     error
}

// Encoder makes a Coder that appends.
func Encoder() *Coder { return &Coder{} }

// Decoder makes a Coder that takes from b. Byte slices it hands out are copies. Strings
// are parts of one copy: with one for each, a policy took a hundred allocations more.
func Decoder(b []byte) *Coder { return &Coder{buf: b, text: string(b), decodes: true} }

// Decodes tells the direction.
func (c *Coder) Decodes() bool { return c.decodes }

// Err is the first error.
func (c *Coder) Err() error { return c.err }

// Fail sets the error, if there is none yet.
func (c *Coder) Fail(reason string) {
	if c.err == nil {
		c.err = errors.New(reason)
	}
}

// Encoded is what an encoder has written.
func (c *Coder) Encoded() ([]byte, error) { return c.buf, c.err }

// Finish demands that a decoder has taken everything.
func (c *Coder) Finish() error {
	if c.err == nil && c.decodes && len(c.buf) != 0 {
		c.Fail(strconv.Itoa(len(c.buf)) + " bytes follow the end")
	}
	return c.err
}

// take gives the next n bytes of the input, or nil after an error.
func (c *Coder) take(n int) []byte {
	if c.err != nil {
		return nil
	}
	if n > len(c.buf) {
		c.err = ErrShort
		return nil
	}
	b := c.buf[:n]
	c.buf = c.buf[n:]
	return b
}

// big32 is written out here because encoding/binary would link reflect into init.
func big32(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// U64 codes eight bytes.
func (c *Coder) U64(v *uint64) {
	if !c.decodes {
		c.buf = append(c.buf, byte(*v>>56), byte(*v>>48), byte(*v>>40), byte(*v>>32), byte(*v>>24), byte(*v>>16), byte(*v>>8), byte(*v))
	} else if b := c.take(8); b != nil {
		*v = uint64(big32(b))<<32 | uint64(big32(b[4:]))
	}
}

// U32 codes four bytes.
func (c *Coder) U32(v *uint32) {
	if !c.decodes {
		c.buf = append(c.buf, byte(*v>>24), byte(*v>>16), byte(*v>>8), byte(*v))
	} else if b := c.take(4); b != nil {
		*v = big32(b)
	}
}

// U8 codes one byte.
func (c *Coder) U8(v *uint8) {
	if !c.decodes {
		c.buf = append(c.buf, *v)
	} else if b := c.take(1); b != nil {
		*v = b[0]
	}
}

// Bool codes one byte, 0 or 1.
func (c *Coder) Bool(v *bool) {
	var b uint8
	if *v {
		b = 1
	}
	c.U8(&b)
	if b > 1 {
		c.Fail("a bool is " + strconv.Itoa(int(b)))
	}
	*v = b == 1
}

// Enum codes a small named number below limit.
func Enum[T ~uint8](c *Coder, v *T, limit T) {
	b := uint8(*v)
	c.U8(&b)
	if c.err == nil && b >= uint8(limit) {
		c.Fail("value " + strconv.Itoa(int(b)) + " is not below " + strconv.Itoa(int(limit)))
	}
	*v = T(b)
}

// length codes a count of elements of at least size bytes each, at most max.
func (c *Coder) length(n, size, max int) int {
	u := uint32(n)
	c.U32(&u)
	if c.err != nil {
		return 0
	}
	if uint64(u) > uint64(max) {
		c.Fail("length " + strconv.FormatUint(uint64(u), 10) + " is over " + strconv.Itoa(max))
		return 0
	}
	if c.decodes && int(u)*size > len(c.buf) {
		c.err = ErrShort
		return 0
	}
	return int(u)
}

// String codes a string of at most max bytes, without a NUL.
func (c *Coder) String(v *string, max int) {
	n := c.length(len(*v), 1, max)
	if c.err == nil && c.decodes {
		at := len(c.text) - len(c.buf)
		c.take(n)
		*v = c.text[at : at+n]
	} else if c.err == nil {
		c.buf = append(c.buf, *v...)
	}
	for i := 0; i < len(*v); i++ {
		if (*v)[i] == 0 {
			c.Fail("a string holds a NUL")
			return
		}
	}
}

// Blob codes bytes, at most max. An empty one decodes to nil.
func (c *Coder) Blob(v *[]byte, max int) {
	n := c.length(len(*v), 1, max)
	if c.err == nil && c.decodes {
		*v = append([]byte(nil), c.take(n)...)
	} else if c.err == nil {
		c.buf = append(c.buf, *v...)
	}
}

// List codes a slice of at most max elements of at least size bytes each, element
// by element. An empty one decodes to nil.
func List[T any](c *Coder, v *[]T, size, max int, element func(*Coder, *T)) {
	n := c.length(len(*v), size, max)
	if c.decodes {
		*v = nil
	}
	if c.err == nil && c.decodes && n > 0 {
		*v = make([]T, n)
	}
	for i := 0; i < len(*v) && c.err == nil; i++ {
		element(c, &(*v)[i])
	}
}

// Strings codes a list of strings.
func (c *Coder) Strings(v *[]string, max, length int) {
	List(c, v, 4, max, func(c *Coder, s *string) { c.String(s, length) })
}
