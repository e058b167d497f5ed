package apparmor

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The binary form of a profile, as the kernel unpacks it (security/apparmor/policy_unpack.c):
// a sequence of tagged values, little endian.
const (
	tagU8 = iota
	tagU16
	tagU32
	tagU64
	tagName
	tagString
	tagBlob
	tagStruct
	tagStructEnd
	tagList
	tagListEnd
	tagArray
	tagArrayEnd
)

// Check demands that a binary is one profile of this name and nothing else: no second
// one, no namespace, no child, and in enforce mode. What is loaded under another name
// would replace another's profile.
func Check(b []byte, name string) error {
	d := &walk{rest: b}
	for len(d.rest) > 0 && d.err == nil {
		d.value()
	}
	switch {
	case d.err != nil:
		return d.err
	case d.depth != 0:
		return errors.New("the profile ends in the middle")
	case d.namespace:
		return errors.New("the profile is for another namespace")
	case len(d.profiles) != 1:
		return fmt.Errorf("%d profiles, not one", len(d.profiles))
	case d.profiles[0] != name:
		return fmt.Errorf("the profile is called %.80q, not %q", d.profiles[0], name)
	case !d.enforce:
		return errors.New("the profile is not in enforce mode")
	}
	return nil
}

// walk goes over the values, once, and notes what Check asks for.
type walk struct {
	rest  []byte
	depth int
	err   error

	name      string // of the next value
	naming    bool   // the next string is the name of a profile
	flags     int    // number of values of struct "flags" seen; 0: not in it
	profiles  []string
	namespace bool
	enforce   bool
}

// take gives the next n bytes.
func (d *walk) take(n int) []byte {
	if d.err == nil && (n < 0 || n > len(d.rest)) {
		d.err = errors.New("the profile is cut short")
	}
	if d.err != nil {
		return make([]byte, 8)
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *walk) text() string {
	b := d.take(int(binary.LittleEndian.Uint16(d.take(2))))
	if d.err == nil && (len(b) == 0 || b[len(b)-1] != 0) {
		d.err = errors.New("a text in the profile does not end")
		return ""
	}
	return string(b[:max(0, len(b)-1)])
}

// value reads one tagged value. Nested ones are values of their own; only their depth is
// counted, as the kernel does.
func (d *walk) value() {
	tag := d.take(1)[0]
	name := d.name
	d.name = ""
	naming := d.naming
	d.naming = false
	switch tag {
	case tagName:
		d.name = d.text()
		d.namespace = d.namespace || d.name == "namespace"
		return
	case tagString:
		if text := d.text(); naming {
			d.profiles = append(d.profiles, text)
		}
	case tagU8:
		d.take(1)
	case tagU16, tagArray: // an array has its length; its values follow
		d.take(2)
	case tagU32:
		d.number(binary.LittleEndian.Uint32(d.take(4)))
	case tagU64:
		d.take(8)
	case tagBlob:
		if n := binary.LittleEndian.Uint32(d.take(4)); n <= uint32(len(d.rest)) {
			d.take(int(n))
		} else {
			d.take(-1)
		}
	case tagStruct, tagList:
		d.depth++
		d.naming = name == "profile"
		if name == "flags" {
			d.flags = 1
		}
	case tagStructEnd, tagListEnd:
		d.depth--
		d.flags = 0
	case tagArrayEnd:
	default:
		d.err = fmt.Errorf("the profile has a value of kind %d, which there is not", tag)
	}
	if d.depth < 0 && d.err == nil {
		d.err = errors.New("the profile ends more than it begins")
	}
}

// number looks at the values of struct "flags": is it a hat, its mode, whether it audits.
func (d *walk) number(n uint32) {
	switch d.flags {
	case 0:
		return
	case 2:
		d.enforce = n == 0 // PACKED_MODE_ENFORCE
	}
	d.flags++
}
