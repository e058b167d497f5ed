package seccomp

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"casemate/policy/filter"
)

// MaxInstructions is the most the kernel takes in one program (BPF_MAXINSNS,
// linux/bpf_common.h).
const MaxInstructions = 4096

// instruction is struct sock_filter of linux/filter.h.
type instruction struct {
	code   uint16
	jt, jf uint8
	k      uint32
}

// instructionSize is the size of an encoded instruction.
const instructionSize = 8

// The instructions that programs of ours are made of. All forward, no loops, no
// scratch memory, no index register.
const (
	opLoad = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	opAnd  = unix.BPF_ALU | unix.BPF_AND | unix.BPF_K
	opJump = unix.BPF_JMP | unix.BPF_JA
	opJEQ  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	opJGT  = unix.BPF_JMP | unix.BPF_JGT | unix.BPF_K
	opJGE  = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
	opJSet = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
	opRet  = unix.BPF_RET | unix.BPF_K
)

// Offsets in struct seccomp_data, little endian as both architectures are.
const (
	offsetNR   = 0
	offsetArch = 4
	offsetIP   = 8
	offsetArgs = 16
	sizeData   = 64
)

func load(offset uint32) instruction  { return instruction{code: opLoad, k: offset} }
func ret(a filter.Action) instruction { return instruction{code: opRet, k: uint32(a)} }

func jump(op uint16, k uint32, jt, jf uint8) instruction { return instruction{op, jt, jf, k} }

// encode gives the records as the kernel of either architecture reads them.
func encode(program []instruction) []byte {
	b := make([]byte, 0, len(program)*instructionSize)
	for _, in := range program {
		b = binary.LittleEndian.AppendUint16(b, in.code)
		b = append(b, in.jt, in.jf)
		b = binary.LittleEndian.AppendUint32(b, in.k)
	}
	return b
}

func decode(b []byte) ([]instruction, error) {
	if len(b) == 0 || len(b)%instructionSize != 0 {
		return nil, fmt.Errorf("program of %d bytes: not a list of 8-byte instructions", len(b))
	}
	var program []instruction
	for ; len(b) > 0; b = b[instructionSize:] {
		program = append(program, instruction{
			binary.LittleEndian.Uint16(b), b[2], b[3], binary.LittleEndian.Uint32(b[4:]),
		})
	}
	return program, nil
}
