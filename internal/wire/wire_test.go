package wire

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

type colour uint8

const colourLimit colour = 3

// sample has a field of every kind.
type sample struct {
	A uint64
	B uint32
	C uint8
	D bool
	E colour
	S string
	P []byte
	L []uint32
	T []string
}

func (s *sample) code(c *Coder) {
	c.U64(&s.A)
	c.U32(&s.B)
	c.U8(&s.C)
	c.Bool(&s.D)
	Enum(c, &s.E, colourLimit)
	c.String(&s.S, 8)
	c.Blob(&s.P, 8)
	List(c, &s.L, 4, 3, (*Coder).U32)
	c.Strings(&s.T, 2, 8)
}

func encode(t *testing.T, s sample) []byte {
	t.Helper()
	c := Encoder()
	s.code(c)
	b, err := c.Encoded()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decode(b []byte) (sample, error) {
	var s sample
	c := Decoder(b)
	s.code(c)
	return s, c.Finish()
}

var fullSample = sample{math.MaxUint64 - 1, 0x01020304, 5, true, 2, "héé", []byte{0, 1}, []uint32{7, 8, 9}, []string{"", "x"}}

func TestRoundTrip(t *testing.T) {
	for _, s := range []sample{{}, fullSample} {
		b := encode(t, s)
		got, err := decode(b)
		if err != nil || !reflect.DeepEqual(got, s) {
			t.Errorf("got %+v (%v), want %+v", got, err, s)
		}
		if again := encode(t, got); !bytes.Equal(again, b) {
			t.Errorf("again %x, was %x", again, b)
		}
	}
}

// TestBytes pins the encoding.
func TestBytes(t *testing.T) {
	want := []byte{
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
		1, 2, 3, 4,
		5, 1, 2,
		0, 0, 0, 5, 'h', 0xc3, 0xa9, 0xc3, 0xa9,
		0, 0, 0, 2, 0, 1,
		0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0, 9,
		0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 'x',
	}
	if got := encode(t, fullSample); !bytes.Equal(got, want) {
		t.Errorf("got %x\nwant %x", got, want)
	}
}

func TestEmptyDecodesToNil(t *testing.T) {
	b := encode(t, sample{P: []byte{}, L: []uint32{}, T: []string{}})
	got, err := decode(b)
	if err != nil || got.P != nil || got.L != nil || got.T != nil {
		t.Errorf("%+v %v", got, err)
	}
}

// TestListDecodesOverOld: a decoder replaces what the value held before.
func TestListDecodesOverOld(t *testing.T) {
	c := Decoder(encode(t, sample{}))
	s := fullSample
	s.code(c)
	if err := c.Finish(); err != nil || !reflect.DeepEqual(s, sample{}) {
		t.Errorf("%+v %v", s, err)
	}
}

func TestDecodedBytesAreCopies(t *testing.T) {
	b := encode(t, fullSample)
	got, err := decode(b)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		b[i] = 0xee
	}
	if !reflect.DeepEqual(got, fullSample) {
		t.Errorf("changed with the input: %+v", got)
	}
}

func TestEveryTruncationIsShort(t *testing.T) {
	b := encode(t, fullSample)
	for n := range b {
		if _, err := decode(b[:n]); !errors.Is(err, ErrShort) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestDecoderRefuses(t *testing.T) {
	good := encode(t, fullSample)
	patch := func(offset int, bytes ...byte) []byte {
		b := append([]byte(nil), good...)
		copy(b[offset:], bytes)
		return b
	}
	for name, test := range map[string]struct {
		input []byte
		want  string
	}{
		"trailing byte":       {append(patch(0), 0), "1 bytes follow the end"},
		"bool of 2":           {patch(13, 2), "a bool is 2"},
		"bool of 255":         {patch(13, 255), "a bool is 255"},
		"enum at the limit":   {patch(14, 3), "value 3 is not below 3"},
		"string over its max": {patch(15, 0, 0, 0, 9), "length 9 is over 8"},
		"string of 4 GiB":     {patch(15, 255, 255, 255, 255), "length 4294967295 is over 8"},
		"string with a NUL":   {patch(19, 0), "NUL"},
		"blob over its max":   {patch(24, 1, 0, 0, 0), "is over 8"},
		"list over its max":   {patch(30, 0, 0, 0, 4), "length 4 is over 3"},
		"list of 2 GiB":       {patch(30, 0x7f, 255, 255, 255), "is over 3"},
		"strings over max":    {patch(46, 0, 0, 0, 3), "length 3 is over 2"},
	} {
		if _, err := decode(test.input); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// TestEncoderRefuses: what a decoder would not take, an encoder does not write.
func TestEncoderRefuses(t *testing.T) {
	for name, s := range map[string]sample{
		"enum":    {E: colourLimit},
		"string":  {S: "123456789"},
		"NUL":     {S: "a\x00"},
		"blob":    {P: make([]byte, 9)},
		"list":    {L: make([]uint32, 4)},
		"strings": {T: []string{"", "123456789"}},
	} {
		c := Encoder()
		s.code(c)
		if _, err := c.Encoded(); err == nil {
			t.Errorf("%s: encoded", name)
		}
	}
}

func TestFirstErrorSticks(t *testing.T) {
	c := Decoder([]byte{9, 1})
	var b bool
	var n uint8
	c.Bool(&b)
	first := c.Err()
	c.U8(&n)
	c.Fail("later")
	if first == nil || c.Err() != first || c.Finish() != first {
		t.Errorf("first %v, then %v", first, c.Err())
	}
	if n != 0 || b {
		t.Error("values were taken after the error")
	}
	if !c.Decodes() || Encoder().Decodes() {
		t.Error("direction")
	}
}

func TestFailOnEncoder(t *testing.T) {
	c := Encoder()
	c.Fail("no")
	if _, err := c.Encoded(); err == nil || err.Error() != "no" || c.Finish() == nil {
		t.Error(err)
	}
}

// TestLyingLengthsDoNotAllocate: no memory is taken for elements that the rest of
// the input could not hold.
func TestLyingLengthsDoNotAllocate(t *testing.T) {
	input := []byte{0x00, 0xff, 0xff, 0xff, 1, 2, 3}
	const most = 1 << 24
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 10 {
		var p []byte
		var s string
		var l []uint64
		Decoder(input).Blob(&p, most)
		Decoder(input).String(&s, most)
		c := Decoder(input)
		List(c, &l, 8, most, (*Coder).U64)
		if c.Err() != ErrShort || l != nil || p != nil || s != "" {
			t.Fatal("a short input was taken")
		}
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes allocated for 7 bytes of input", n)
	}
}

// FuzzDecode: whatever decodes encodes to the same bytes.
func FuzzDecode(f *testing.F) {
	c := Encoder()
	s := fullSample
	s.code(c)
	b, _ := c.Encoded()
	f.Add(b)
	f.Add([]byte{})
	f.Add(b[:20])
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decode(b)
		if err == nil && !bytes.Equal(encode(t, s), b) {
			t.Errorf("%x decodes to %+v, which encodes to other bytes", b, s)
		}
	})
}
