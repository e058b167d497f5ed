package image

import (
	"encoding/binary"
	"os"
	"strings"
	"testing"
)

// head is the start of an image: a superblock of each kind that is asked for.
func head(kinds ...string) []byte {
	b := make([]byte, headSize)
	for _, k := range kinds {
		if k == "erofs" {
			binary.LittleEndian.PutUint32(b[erofsAt:], erofsMagic)
			b[erofsShift] = 12
			binary.LittleEndian.PutUint32(b[erofsBlocks:], 2)
		} else {
			binary.LittleEndian.PutUint32(b, squashMagic)
			binary.LittleEndian.PutUint16(b[squashMajor:], 4)
			binary.LittleEndian.PutUint64(b[squashUsed:], 8000)
		}
	}
	return b
}

func TestKindOf(t *testing.T) {
	with := func(b []byte, change func([]byte)) []byte { change(b); return b }
	for _, c := range []struct {
		name       string
		head       []byte
		size       uint64
		kind, says string
	}{
		{"erofs", head("erofs"), 8192, "erofs", ""},
		{"larger than it says", head("erofs"), 12288, "erofs", ""},
		{"squashfs", head("squashfs"), 8192, "squashfs", ""},
		{"both", head("erofs", "squashfs"), 8192, "", "magic numbers of erofs and of squashfs"},
		{"neither", head(), 8192, "", "no such magic number"},
		{"ext4", with(head(), func(b []byte) { b[1080], b[1081] = 0x53, 0xef }), 8192, "", "neither an erofs nor a squashfs image"},
		{"big-endian squashfs", with(head(), func(b []byte) { copy(b, "sqsh") }), 8192, "", "neither"},
		{"erofs cut off", head("erofs"), 8191, "erofs", "erofs of 8192 bytes in a file of 8191: it is cut off"},
		{"squashfs cut off", head("squashfs"), 4096, "squashfs", "squashfs of 8000 bytes in a file of 4096: it is cut off"},
		{"not of sectors", head("squashfs"), 8001, "squashfs", "no multiple of 512"},
		{"erofs of no blocks", with(head("erofs"), func(b []byte) { binary.LittleEndian.PutUint32(b[erofsBlocks:], 0) }), 8192, "erofs", "says it is empty"},
		{"squashfs of nothing", with(head("squashfs"), func(b []byte) { binary.LittleEndian.PutUint64(b[squashUsed:], 0) }), 8192, "squashfs", "says it is empty"},
		{"a size that wraps", with(head("squashfs"), func(b []byte) { binary.LittleEndian.PutUint64(b[squashUsed:], 1<<63) }), 8192, "squashfs", "cut off"},
		{"blocks that wrap", with(head("erofs"), func(b []byte) { b[erofsShift] = 64 }), 8192, "erofs", "blocks of 2^64 bytes"},
		{"blocks of a byte", with(head("erofs"), func(b []byte) { b[erofsShift] = 0 }), 8192, "erofs", "blocks of 2^0 bytes"},
		{"squashfs 3.1", with(head("squashfs"), func(b []byte) { b[squashMajor], b[squashMinor] = 3, 1 }), 8192, "squashfs", "version 3.1, not 4.0"},
	} {
		kind, err := kindOf(c.head, c.size)
		if kind != c.kind || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %q, %v", c.name, kind, err)
		}
	}
}

func TestRecogniseShortFiles(t *testing.T) {
	for _, size := range []int{0, 1, 1023, 1151} {
		f := temp(t, head("erofs")[:size])
		if _, err := recognise(int(f.Fd()), uint64(size)); err == nil || !strings.Contains(err.Error(), "shorter than a superblock") {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if _, err := sizeOf(int(r.Fd())); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a pipe: %v", err)
	}
}

// temp is a file with these bytes.
func temp(t *testing.T, b []byte) *os.File {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	return f
}

func FuzzKindOf(f *testing.F) {
	f.Add(head("erofs"), uint64(8192))
	f.Add(head("squashfs"), uint64(8192))
	f.Add(head("erofs", "squashfs"), uint64(0))
	f.Fuzz(func(t *testing.T, b []byte, size uint64) {
		if len(b) < headSize {
			return
		}
		if kind, err := kindOf(b, size); err == nil && kind != "erofs" && kind != "squashfs" {
			t.Errorf("%q without an error", kind)
		}
	})
}
