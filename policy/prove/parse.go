package prove

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"casemate/policy/filter"
)

// MaxInstructions is the most the kernel takes in one program (BPF_MAXINSNS,
// linux/bpf_common.h).
const MaxInstructions = 4096

// recordSize is that of struct sock_filter, dataSize that of struct seccomp_data.
const (
	recordSize = 8
	dataSize   = 4 * uint32(Words)
)

// The instructions that can be judged. Whatever else the kernel takes in a seccomp
// program is refused by name.
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

// instruction is struct sock_filter of linux/filter.h.
type instruction struct {
	code   uint16
	jt, jf uint8
	k      uint32
}

// Program is a program that Parse has accepted: every way through it ends in a known
// verdict. It does not change and may be used by several goroutines.
type Program struct {
	code        []instruction
	unreachable []int
	diagram     func() (diagram, error)
}

// Parse reads struct sock_filter records, little endian, as a seccomp program. It
// accepts what the kernel does (bpf_check_classic, seccomp_check_filter), as far as it
// can be judged: loads of the words of seccomp_data, AND with a constant, jumps on a
// comparison with a constant, and constant verdicts. Scratch memory, the index
// register, other arithmetic and RET A are refused. An error names the instruction.
func Parse(b []byte) (*Program, error) {
	if len(b)%recordSize != 0 {
		return nil, fmt.Errorf("program of %d bytes: not a list of %d-byte instructions", len(b), recordSize)
	}
	n := len(b) / recordSize
	if n == 0 || n > MaxInstructions {
		return nil, fmt.Errorf("program of %d instructions: the kernel takes 1 to %d", n, MaxInstructions)
	}
	p := &Program{code: make([]instruction, n)}
	for i := range p.code {
		r := b[i*recordSize:]
		in := instruction{binary.LittleEndian.Uint16(r), r[2], r[3], binary.LittleEndian.Uint32(r[4:])}
		if err := in.check(n - 1 - i); err != nil {
			return nil, fmt.Errorf("instruction %d: %w", i, err)
		}
		p.code[i] = in
	}
	if p.code[n-1].code != opRet {
		return nil, fmt.Errorf("instruction %d: the last one does not return", n-1)
	}
	p.unreachable = unreachable(p.code)
	p.diagram = sync.OnceValues(p.evaluate)
	return p, nil
}

// check looks at one instruction that after others follow.
func (in instruction) check(after int) error {
	switch in.code {
	case opLoad:
		if in.k%4 != 0 || in.k >= dataSize {
			return fmt.Errorf("loads from %d: not a word of struct seccomp_data", in.k)
		}
	case opAnd:
	case opRet:
		return readable(in.k)
	case opJump:
		if uint64(in.k) >= uint64(after) {
			return fmt.Errorf("jumps %d instructions ahead, and %d follow", in.k, after)
		}
	case opJEQ, opJGT, opJGE, opJSet:
		if far := max(in.jt, in.jf); int(far) >= after {
			return fmt.Errorf("jumps %d instructions ahead, and %d follow", far, after)
		}
	default:
		return fmt.Errorf("code %#02x: %s", in.code, unjudged(in.code))
	}
	return nil
}

// readable refuses a verdict that seccomp(2) does not have: what the kernel makes of
// one has changed (to kill, Linux 4.14).
func readable(word uint32) error {
	switch action := word & unix.SECCOMP_RET_ACTION_FULL; action {
	case unix.SECCOMP_RET_ERRNO:
		if errno := word & unix.SECCOMP_RET_DATA; errno > maxErrno {
			return fmt.Errorf("returns errno %d: the greatest is %d", errno, maxErrno)
		}
	case unix.SECCOMP_RET_KILL_PROCESS, unix.SECCOMP_RET_KILL_THREAD, unix.SECCOMP_RET_TRAP,
		unix.SECCOMP_RET_USER_NOTIF, unix.SECCOMP_RET_TRACE, unix.SECCOMP_RET_LOG, unix.SECCOMP_RET_ALLOW:
	default:
		return fmt.Errorf("returns %#08x: no action of seccomp(2)", word)
	}
	return nil
}

// maxErrno is MAX_ERRNO of linux/err.h: the kernel returns a greater one as this.
const maxErrno = 4095

// unjudged says why a code is refused.
func unjudged(code uint16) string {
	switch {
	case code == unix.BPF_RET|unix.BPF_A:
		return "returns the accumulator, a verdict that nothing bounds"
	case code == unix.BPF_LD|unix.BPF_MEM, code == unix.BPF_LDX|unix.BPF_MEM, code == unix.BPF_ST, code == unix.BPF_STX:
		return "uses scratch memory"
	case code == unix.BPF_LD|unix.BPF_IMM:
		return "loads a constant"
	case code&7 == unix.BPF_LDX, code&7 == unix.BPF_MISC, code&7 == unix.BPF_ALU && code&unix.BPF_X != 0, code&7 == unix.BPF_JMP && code&unix.BPF_X != 0:
		return "uses the index register"
	case code&7 == unix.BPF_ALU:
		return "arithmetic other than AND"
	}
	return "not an instruction of seccomp programs"
}

// unreachable lists the instructions that no jump leads to. Jumps go forward only, so
// that one pass sees all the ways to an instruction before the instruction itself.
func unreachable(code []instruction) []int {
	var list []int
	reached := make([]bool, len(code))
	reached[0] = true
	for i, in := range code {
		if !reached[i] {
			list = append(list, i)
			continue
		}
		for _, next := range in.next(i) {
			reached[next] = true
		}
	}
	return list
}

// next lists where the instruction at i leads.
func (in instruction) next(i int) []int {
	switch in.code {
	case opRet:
		return nil
	case opJump:
		return []int{i + 1 + int(in.k)}
	case opJEQ, opJGT, opJGE, opJSet:
		return []int{i + 1 + int(in.jt), i + 1 + int(in.jf)}
	}
	return []int{i + 1}
}

// Len is the number of instructions.
func (p *Program) Len() int { return len(p.code) }

// Unreachable lists the instructions that no jump leads to, ascending. They are
// harmless, and a sign that the program is not what its compiler meant.
func (p *Program) Unreachable() []int { return p.unreachable }

// Verdicts lists the verdicts that reachable instructions return, each once.
func (p *Program) Verdicts() []filter.Action {
	var list []filter.Action
	seen := map[filter.Action]bool{}
	for i, in := range p.code {
		if a := filter.Action(in.k); in.code == opRet && !seen[a] && !slices.Contains(p.unreachable, i) {
			seen[a] = true
			list = append(list, a)
		}
	}
	return list
}
