// Package child runs a flat list of system calls in a freshly cloned process. It
// guards the one place where every other launcher has a function of hundreds of
// lines: between clone and exec there is a loop over finished instructions, and
// nothing else - no Go runtime, no allocation, no lock, no branch on policy.
//
// What it must not do: know what any instruction means. Programs are rendered
// from plans by internal/render, or written by hand by init for its one spawn.
// It imports syscall only, not golang.org/x/sys/unix: init links it, and there that
// package costs 120 KiB, 18 page faults and 6 % of the time from exec to main, since it
// imports encoding/binary, reflect and time.
package child

import "syscall"

// MaxSlots bounds the slots of a program. Slots hold file descriptors (or any result) that one instruction saves and a
// later one uses. They are numbered by the caller, from 0.
const MaxSlots = 320

// A Word is one argument of a system call.
type Word struct {
	value uintptr
	slot  bool
	keep  *byte // what value points to, kept alive for the program's life
}

// Int is an immediate argument.
func Int(v uint64) Word { return Word{value: uintptr(v)} }

// FD is an immediate file descriptor; -1 stands for none.
func FD(fd int) Word { return Word{value: uintptr(fd)} }

// Slot is an argument read from a slot when the instruction runs.
func Slot(n int) Word { return Word{value: uintptr(n), slot: true} }

// instruction is one finished system call: 80 bytes, no pointers that Go must
// follow, so that the loop below is all that runs.
type instruction struct {
	nr       uintptr
	args     [6]uintptr
	slots    uint8         // bit n: args[n] is the number of a slot
	save     int16         // slot for the result; -1 for none
	want     syscall.Errno // what the call must answer: 0, or the errno of MustFail
	tolerate syscall.Errno // an errno that counts as success; 0 for none, Any for all
}

// Any is the errno to tolerate of a call that need not succeed.
const Any = ^syscall.Errno(0)

// Program is a list of instructions with the memory they point to.
type Program struct {
	code  []instruction
	slots [MaxSlots]uintptr
	keep  []*byte

	failed Failure          // how a child of Vfork failed
	ownPID []*[pidRoom]byte // where it writes its number
}

// NewProgram makes an empty program with room for n instructions.
func NewProgram(n int) *Program {
	return &Program{code: make([]instruction, 0, n), keep: make([]*byte, 0, 2*n)}
}

// None is the save argument of Add for a result that nobody uses.
const None = -1

// Add appends an instruction. Fewer than six words leave the rest zero.
func (p *Program) Add(nr uintptr, save int, tolerate syscall.Errno, words ...Word) {
	in := instruction{nr: nr, save: int16(save), tolerate: tolerate}
	for i, w := range words {
		in.args[i] = w.value
		if w.slot {
			in.slots |= 1 << i
		}
		if n := len(p.keep); w.keep != nil && (n == 0 || p.keep[n-1] != w.keep) {
			p.keep = append(p.keep, w.keep)
		}
	}
	p.code = append(p.code, in)
}

// MustFail makes the last instruction succeed with this errno only: it shows that
// something is forbidden. A call that succeeds is a Failure with the errno 0.
func (p *Program) MustFail(errno syscall.Errno) {
	in := &p.code[len(p.code)-1]
	in.want, in.tolerate = errno, errno
}

// Grow makes room for so many instructions, where memory matters.
func (p *Program) Grow(n int) {
	p.code = append(make([]instruction, 0, len(p.code)+n), p.code...)
}

// Set fills a slot before the start.
func (p *Program) Set(slot, fd int) { p.slots[slot] = uintptr(fd) }

// Failure says which instruction of a program failed, and how.
type Failure struct {
	Step  int
	Errno syscall.Errno // 0: the call succeeded and must not, MustFail
}

func (f *Failure) Error() string { return f.Errno.Error() }
