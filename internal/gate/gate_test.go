package gate

import "testing"

func TestMessagesKeepTheirBytes(t *testing.T) {
	for kind, want := range map[Kind]string{
		Ready: "CG\x00\x01", Release: "CG\x00\x02", Started: "CG\x00\x03", ExecError: "CG\x00\x04", Exited: "CG\x00\x05",
	} {
		for _, v := range []uint32{0, 1, 0x01020304, ^uint32(0)} {
			b := Message{kind, v}.Encode()
			if string(b[:4]) != want {
				t.Errorf("%#x begins with %q, not %q", kind, b[:4], want)
			}
			if m, ok := Decode(b[:]); !ok || m.Kind != kind || m.Value != v {
				t.Errorf("%v became %v, %v", Message{kind, v}, m, ok)
			}
		}
	}
	if b := (Message{Started, 0x01020304}).Encode(); string(b[4:]) != "\x01\x02\x03\x04" {
		t.Errorf("the value is %q", b[4:])
	}
}

func TestAnythingElseIsNoMessage(t *testing.T) {
	good := Message{Ready, 7}.Encode()
	for n := range 2 * Size {
		if _, ok := Decode(append(good[:], make([]byte, Size)...)[:n]); ok != (n == Size) {
			t.Errorf("%d bytes: %v", n, ok)
		}
	}
	for _, kind := range []Kind{0, Ready - 1, Exited + 1, ^Kind(0)} {
		if b := (Message{Kind: kind}).Encode(); true {
			if m, ok := Decode(b[:]); ok {
				t.Errorf("%v is a message", m)
			}
		}
	}
}
