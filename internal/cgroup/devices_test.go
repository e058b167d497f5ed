package cgroup

import (
	"encoding/binary"
	"testing"

	"casemate/internal/sealed"
)

// run is the kernel's interpreter for what the program is made of, written from the
// documentation of the instruction set (Linux, Documentation/bpf/standardization).
func run(t *testing.T, b []byte, access, major, minor uint32) uint64 {
	t.Helper()
	ctx := [3]uint32{access, major, minor}
	var r [11]uint64
	for pc, steps := 0, 0; ; pc++ {
		if steps++; steps > 1000 || 8*pc+8 > len(b) {
			t.Fatalf("instruction %d after %d steps", pc, steps)
		}
		in := b[8*pc:]
		dst, src := in[1]&15, in[1]>>4
		off, imm := int16(binary.LittleEndian.Uint16(in[2:])), uint64(int64(int32(binary.LittleEndian.Uint32(in[4:]))))
		switch in[0] {
		case 0x61:
			r[dst] = uint64(ctx[off/4])
		case 0xbf:
			r[dst] = r[src]
		case 0xb7:
			r[dst] = imm
		case 0x57:
			r[dst] &= imm
		case 0x77:
			r[dst] >>= imm
		case 0x55:
			if r[dst] != imm {
				pc += int(off)
			}
		case 0x95:
			return r[0]
		default:
			t.Fatalf("instruction %d: code %#x", pc, in[0])
		}
	}
}

func TestDeviceProgram(t *testing.T) {
	const char, block = 2, 1
	const makes, reads, writes = 1 << 16, 2 << 16, 4 << 16
	program := DeviceProgram([]sealed.Device{
		{Path: "/dev/fuse", Major: 10, Minor: 229, Access: sealed.AccessRead | sealed.AccessWrite},
		{Path: "/dev/sda", Block: true, Major: 8, Minor: 0, Access: sealed.AccessRead},
	})
	for _, c := range []struct {
		name                 string
		access, major, minor uint32
		want                 uint64
	}{
		{"the device", char | reads | writes, 10, 229, 1},
		{"made by the child", char | makes, 10, 229, 1},
		{"another minor", char | reads, 10, 230, 0},
		{"another major", char | reads, 11, 229, 0},
		{"the block device of its number", block | reads, 10, 229, 0},
		{"the disk, read", block | reads, 8, 0, 1},
		{"the disk, written", block | writes, 8, 0, 0},
		{"the disk, both", block | reads | writes, 8, 0, 0},
		{"a partition", block | reads, 8, 1, 0},
		{"null", char | reads | writes, 1, 3, 1},
		{"null as a block device", block | reads, 1, 3, 0},
		{"mem", char | reads, 1, 1, 0},
		{"kmsg", char | reads, 1, 11, 0},
		{"tty", char | reads | writes, 5, 0, 1},
		{"console", char | reads, 5, 1, 0},
		{"ptmx", char | reads | writes, 5, 2, 1},
		{"a pty", char | reads | writes, 136, 77, 1},
		{"a pty, made", char | makes, 136, 77, 0},
	} {
		if got := run(t, program, c.access, c.major, c.minor); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	if DeviceProgram(nil) != nil {
		t.Error("a program for a policy without devices")
	}
}
