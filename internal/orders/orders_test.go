package orders

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func example() *Orders {
	return &Orders{
		Argv: []string{"/bin/app", "", "a\nb", "\xff"}, Env: []string{"A=1", "B="}, OwnPID: []string{"LISTEN_PID"}, Sockets: 3, Cwd: "/srv", Scope: ScopeGroup, Stop: 15, Grace: maxGrace,
		Forward: []Forward{{1, 0}, {15, 3}, {64, 64}},
	}
}

func TestRoundTrip(t *testing.T) {
	for _, o := range []*Orders{example(), {Argv: []string{"/a"}, Stop: 1}, {Argv: []string{strings.Repeat("x", maxString)}, Scope: ScopeAll, Stop: 64}} {
		b, err := Encode(o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Encode(got)
		if err != nil || !bytes.Equal(b, again) {
			t.Errorf("encoded again, the bytes differ: %v", err)
		}
		if d := cmp.Diff(o, got, cmp.Transformer("list", func(l []string) string { return strings.Join(l, "\x00") })); d != "" {
			t.Error(d)
		}
	}
}

// The bytes are read by an init of another build: they may change only with the magic.
func TestBytes(t *testing.T) {
	b, err := Encode(&Orders{Argv: []string{"/a"}, Env: []string{"B=2"}, OwnPID: []string{"P"}, Sockets: 5, Cwd: "/", TTY: true, Scope: ScopeGroup, Stop: 3, Grace: 80_000, Forward: []Forward{{15, 3}}})
	const want = "434d4f5244000002" + "00000001000000022f61" + "0000000100000003423d32" + "000000010000000150" + "05" + "000000012f" + "01" + "01" + "03" + "00013880" + "000000010f03"
	if err != nil || hex.EncodeToString(b) != want {
		t.Errorf("%x, %v", b, err)
	}
}

func TestEncodeRefusesWhatInitWouldNot(t *testing.T) {
	for name, o := range map[string]*Orders{
		"no argv":          {Stop: 15},
		"no scope":         {Argv: []string{"/a"}, Stop: 15, Scope: ScopeLimit},
		"no stop":          {Argv: []string{"/a"}},
		"stop STOP":        {Argv: []string{"/a"}, Stop: sigStop},
		"stop 65":          {Argv: []string{"/a"}, Stop: 65},
		"a long grace":     {Argv: []string{"/a"}, Stop: 15, Grace: maxGrace + 1},
		"signal twice":     {Argv: []string{"/a"}, Stop: 15, Forward: []Forward{{1, 2}, {1, 3}}},
		"signals mixed up": {Argv: []string{"/a"}, Stop: 15, Forward: []Forward{{2, 2}, {1, 3}}},
		"many arguments":   {Argv: make([]string, maxStrings+1), Stop: 15},
		"long argument":    {Argv: []string{strings.Repeat("x", maxString+1)}, Stop: 15},
		"many variables":   {Argv: []string{"/a"}, Env: make([]string, maxStrings+1), Stop: 15},
		"many sockets":     {Argv: []string{"/a"}, Sockets: maxSockets + 1, Stop: 15},
		"many own pids":    {Argv: []string{"/a"}, OwnPID: make([]string, maxOwnPID+1), Stop: 15},
		"long directory":   {Argv: []string{"/a"}, Cwd: strings.Repeat("x", maxPath+1), Stop: 15},
		"signal 0":         {Argv: []string{"/a"}, Forward: []Forward{{0, 1}}, Stop: 15},
		"signal 65":        {Argv: []string{"/a"}, Forward: []Forward{{65, 1}}, Stop: 15},
		"to signal 65":     {Argv: []string{"/a"}, Forward: []Forward{{1, 65}}, Stop: 15},
		"too many signals": {Argv: []string{"/a"}, Forward: make([]Forward, maxSignals+1), Stop: 15},
	} {
		if b, err := Encode(o); err == nil {
			t.Errorf("%s: %d bytes", name, len(b))
		}
	}
}

// Whatever is cut off, put behind or turned over is refused, or is another orders'
// encoding - never the same one twice.
func TestDecodeRefuses(t *testing.T) {
	b, err := Encode(example())
	if err != nil {
		t.Fatal(err)
	}
	for n := range b {
		if _, err := Decode(b[:n]); err == nil {
			t.Errorf("cut to %d bytes: accepted", n)
		}
	}
	if _, err := Decode(append(bytes.Clone(b), 0)); err == nil {
		t.Error("one byte more: accepted")
	}
	if _, err := Decode(make([]byte, MaxSize+1)); err == nil {
		t.Error("too large: accepted")
	}
	for i := range b {
		for bit := range 8 {
			c := bytes.Clone(b)
			c[i] ^= 1 << bit
			if o, err := Decode(c); err == nil {
				if again, err := Encode(o); err != nil || !bytes.Equal(c, again) {
					t.Fatalf("byte %d, bit %d: decodes to what encodes otherwise", i, bit)
				}
			} else if i < 8 && !strings.Contains(err.Error(), "not orders of this version") {
				t.Errorf("magic, byte %d: %v", i, err)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, o := range []*Orders{example(), {Argv: []string{"/a"}, Stop: 15}, {Argv: []string{"/a"}, Stop: 15, Forward: []Forward{{15, 0}}}} {
		b, err := Encode(o)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)-1])
	}
	f.Add([]byte("CMORD\x00\x00\x02\xff\xff\xff\xff"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := Decode(b)
		if err != nil {
			return
		}
		again, err := Encode(o)
		if err != nil || !bytes.Equal(b, again) {
			t.Errorf("%q decodes to %+v, which encodes to %q: %v", b, o, again, err)
		}
	})
}
