package sealed

import "encoding/binary"

func validFilters(p *Policy) error {
	if len(p.Filters) == 0 {
		return invalid("", "no seccomp filter")
	}
	last := uint32(0)
	for _, f := range p.Filters {
		if f.Arch != ArchAMD64 && f.Arch != ArchARM64 {
			return invalid("", "filter: no such architecture: %#x", f.Arch)
		}
		if f.Arch <= last {
			return invalid("", "filter: architecture %#x is not in ascending order", f.Arch)
		}
		last = f.Arch
		if f.By == "" {
			return invalid("", "filter %#x: nobody made it", f.Arch)
		}
		if why := lineFault(f.By, maxWord); why != "" {
			return invalid("", "filter %#x: the name of its compiler %s", f.Arch, why)
		}
		if at, why := programFault(f.Program); why != "" {
			return invalid("", "filter %#x: instruction %d %s", f.Arch, at, why)
		}
	}
	return nil
}

// Instruction classes and codes of classic BPF, linux/bpf_common.h.
const (
	bpfClass = 0x07
	bpfJmp   = 0x05
	bpfRet   = 0x06
	bpfJa    = bpfJmp | 0x00
	bpfLdAbs = 0x20 // LD | W | ABS
	bpfRetK  = bpfRet | 0x00

	// dataSize is that of struct seccomp_data, seccomp(2).
	dataSize = 64
)

// isKnown: what the kernel admits in a seccomp program (seccomp_check_filter,
// kernel/seccomp.c) and a compiler of ours can emit: no RET A, whose verdict no
// proof could bound, and no X register but in TAX, TXA and scratch memory.
func isKnown(code uint16) bool {
	switch code {
	case bpfLdAbs, bpfRetK,
		bpfJa, 0x15, 0x25, 0x35, 0x45, // JA, JEQ JGT JGE JSET with K
		0x04, 0x14, 0x44, 0x54, 0x64, 0x74, 0xa4, // ADD SUB OR AND LSH RSH XOR with K
		0x00, 0x01, 0x60, 0x61, 0x02, 0x03, // LD IMM, LDX IMM, LD MEM, LDX MEM, ST, STX
		0x07, 0x87: // TAX, TXA
		return true
	}
	return false
}

// programFault gives the first instruction of a program that the kernel would
// not take, and why. Jumps of classic BPF go forward only, so that a program
// whose jumps stay inside and whose last instruction returns always ends.
func programFault(b []byte) (int, string) {
	n := len(b) / instructionSize
	if len(b)%instructionSize != 0 || n == 0 || n > maxInstructions {
		return n, "ends a program of no proper length"
	}
	for i := range n {
		if why := instructionFault(b[i*instructionSize:], uint64(n-i-1)); why != "" {
			return i, why
		}
	}
	if b[(n-1)*instructionSize]&bpfClass != bpfRet {
		return n - 1, "is the last and does not return"
	}
	return 0, ""
}

// instructionFault checks one struct sock_filter that left others follow.
func instructionFault(b []byte, left uint64) string {
	code := binary.LittleEndian.Uint16(b)
	jt, jf := uint64(b[2]), uint64(b[3])
	k := uint64(binary.LittleEndian.Uint32(b[4:]))
	switch {
	case !isKnown(code):
		return "has a code that a filter cannot have"
	case code == bpfLdAbs && (k%4 != 0 || k >= dataSize):
		return "loads from outside struct seccomp_data"
	case isMemory(code) && k >= 16: // BPF_MEMWORDS
		return "uses scratch memory that does not exist"
	case isShift(code) && k >= 32:
		return "shifts by 32 or more"
	case code == bpfJa && k >= left, code&bpfClass == bpfJmp && code != bpfJa && max(jt, jf) >= left:
		return "jumps out of the program"
	}
	return ""
}

func isMemory(code uint16) bool { return code == 0x60 || code == 0x61 || code == 0x02 || code == 0x03 }
func isShift(code uint16) bool  { return code == 0x64 || code == 0x74 }
