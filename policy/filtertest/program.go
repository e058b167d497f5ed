package filtertest

import (
	"encoding/binary"

	"casemate/policy/filter"
)

// Record appends a struct sock_filter to a program.
func Record(b []byte, code uint16, jt, jf uint8, k uint32) []byte {
	b = append(binary.LittleEndian.AppendUint16(b, code), jt, jf)
	return binary.LittleEndian.AppendUint32(b, k)
}

// Codes of classic BPF, linux/bpf_common.h, as tests write them.
const (
	Load = 0x20 // ld [k]
	And  = 0x54
	Jump = 0x05
	JEQ  = 0x15
	JGT  = 0x25
	JGE  = 0x35
	JSet = 0x45
	Ret  = 0x06
)

// Program makes up n instructions that return one of the verdicts: jumps that stay
// inside, on the words of struct seccomp_data at the offsets, under masks, with
// constants that are met again.
func (g Generator) Program(n int, offsets, verdicts []uint32) []byte {
	constants := []uint32{0, 1, 2, 4, 0xff, filter.X32Bit, 0xffffffff, filter.AMD64.AuditArch(), g.Uint32(), g.Uint32()}
	var b []byte
	for i := range n {
		after := n - 1 - i
		far := func() uint8 { return uint8(g.IntN(min(after, 6))) }
		switch k := g.IntN(16); {
		case after == 0 || k == 0 && i > n/3:
			b = Record(b, Ret, 0, 0, Pick(g, verdicts))
		case k <= 4 || i == 0:
			b = Record(b, Load, 0, 0, Pick(g, offsets))
		case k == 5:
			b = Record(b, And, 0, 0, Pick(g, constants)|1<<g.UintN(32))
		case k == 6:
			b = Record(b, Jump, 0, 0, uint32(far()))
		default:
			b = Record(b, Pick(g, []uint16{JEQ, JGT, JGE, JSet}), far(), far(), Pick(g, constants)^uint32(g.IntN(3)))
		}
	}
	return b
}

// Constants lists what a program compares with, and a few words more.
func Constants(program []byte) []uint32 {
	list := []uint32{0, 1, 0xffffffff, filter.AMD64.AuditArch(), filter.ARM64.AuditArch()}
	for b := program; len(b) >= 8; b = b[8:] {
		if code := binary.LittleEndian.Uint16(b); code != Ret && code != Jump {
			list = append(list, binary.LittleEndian.Uint32(b[4:]))
		}
	}
	return list
}

// Call makes up a call of the words and their neighbours.
func (g Generator) Call(words []uint32) filter.Call {
	word := func() uint64 {
		w := Pick(g, words)
		switch g.IntN(4) {
		case 0:
			w ^= 1 << g.UintN(32)
		case 1:
			w += uint32(g.IntN(3)) - 1
		}
		return uint64(w)
	}
	c := filter.Call{NR: uint32(word()), Arch: uint32(word()), IP: word() | word()<<32}
	for i := range c.Args {
		c.Args[i] = word() | word()<<32
	}
	return c
}
