package apparmor

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// packed builds binaries as apparmor_parser does.
type packed []byte

func (p packed) name(s string) packed {
	p = append(p, tagName)
	p = binary.LittleEndian.AppendUint16(p, uint16(len(s)+1))
	return append(append(p, s...), 0)
}

func (p packed) text(s string) packed {
	p = p.name(s)
	p[len(p)-len(s)-4] = tagString
	return p
}

func (p packed) u32(n uint32) packed { return binary.LittleEndian.AppendUint32(append(p, tagU32), n) }

// profile is one: its name and mode, and things of every other kind.
func (p packed) profile(name string, mode uint32) packed {
	p = p.name("version").u32(0x20200720)
	p = append(p.name("profile"), tagStruct).text(name)
	p = append(append(p.name("flags"), tagStruct).u32(0).u32(mode).u32(0), tagStructEnd)
	p = append(p.name("caps64"), tagStruct, tagU8, 1, tagU16, 1, 2, tagU64, 1, 2, 3, 4, 5, 6, 7, 8, tagList, tagListEnd, tagArray, 1, 0, tagU8, 1, tagArrayEnd, tagStructEnd)
	p = append(p.name("aadfa"), tagBlob, 3, 0, 0, 0, tagName, 0xff, 0xff)
	return append(p, tagStructEnd)
}

func TestCheck(t *testing.T) {
	good := packed(nil).profile("casemate-web", 0)
	if err := Check(good, "casemate-web"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, want string
		b          []byte
	}{
		{"empty", "0 profiles", nil},
		{"another's", `is called "casemate-web"`, packed(nil).profile("casemate-web", 0)},
		{"another's behind it", "2 profiles", append(packed(nil).profile("casemate-x", 0), good...)},
		{"child", `is called "casemate-x//child"`, packed(nil).profile("casemate-x//child", 0)},
		{"complain", "not in enforce mode", packed(nil).profile("casemate-x", 1)},
		{"unconfined", "not in enforce mode", packed(nil).profile("casemate-x", 3)},
		{"namespace", "another namespace", append(packed(nil).name("namespace").text("other"), packed(nil).profile("casemate-x", 0)...)},
		{"unknown kind", "value of kind 13", append(packed(nil).profile("casemate-x", 0), 13)},
		{"no end", "in the middle", packed(nil).profile("casemate-x", 0)[:len(packed(nil).profile("casemate-x", 0))-1]},
		{"end too many", "more than it begins", append(packed(nil).profile("casemate-x", 0), tagStructEnd)},
		{"text without an end", "does not end", []byte{tagName, 1, 0, 'x'}},
		{"empty text", "does not end", []byte{tagName, 0, 0}},
		{"large blob", "cut short", []byte{tagBlob, 0xff, 0xff, 0xff, 0xff}},
	} {
		if err := Check(c.b, "casemate-x"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for n := range good {
		if Check(good[:n], "casemate-web") == nil {
			t.Errorf("the first %d bytes of %d are accepted", n, len(good))
		}
	}
}

// FuzzCheck: it ends without a panic, and what it accepts has the name in it.
func FuzzCheck(f *testing.F) {
	f.Add([]byte(packed(nil).profile("casemate-web", 0)))
	f.Add([]byte(packed(nil).name("namespace").text("x").profile("casemate-web", 1)))
	f.Add([]byte{tagBlob, 4, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if Check(b, "casemate-web") == nil && !bytes.Contains(b, []byte("casemate-web\x00")) {
			t.Errorf("%x is accepted", b)
		}
	})
}
