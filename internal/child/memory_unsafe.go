package child

import (
	"errors"
	"unsafe"
)

// Safety, for every function of this file: the address is taken of a heap object
// that the returned Word keeps reachable through keep, and Program.Add moves that
// reference into the Program, or is part of the Program, which the caller keeps
// on the heap; the garbage collector does not move heap objects. A pointer into
// an object keeps all of it, and what it points to, whatever the pointer's own type.
// The object is never written after the Word is made, but
// for the digits of a pid, by Vfork's child alone.

// Bytes is a pointer to b, or NULL when b is empty.
func Bytes(b []byte) Word {
	if len(b) == 0 {
		return Word{}
	}
	p := unsafe.SliceData(b)
	return Word{value: uintptr(unsafe.Pointer(p)), keep: p}
}

// String is a pointer to s and a NUL behind it. It panics on a NUL inside, which
// every decoder of ours has refused before.
func String(s string) Word {
	p := pack(nil, []string{s})[0]
	return Word{value: uintptr(unsafe.Pointer(p)), keep: p}
}

// Strings is a NULL-terminated vector of strings, as execve(2) takes.
func Strings(list []string) Word {
	first := unsafe.SliceData(append(pack(make([]*byte, 0, len(list)+1), list), nil))
	return Word{value: uintptr(unsafe.Pointer(first)), keep: (*byte)(unsafe.Pointer(first))}
}

// pack copies strings, each with a NUL behind it, and appends pointers to them to the
// vector. They lie in one block, which each of the pointers keeps: the first object of
// each size costs the Go heap two pages, and an environment has many sizes.
func pack(vector []*byte, list []string) []*byte {
	size := 0
	for _, s := range list {
		size += len(s) + 1
	}
	block := make([]byte, size)
	for _, s := range list {
		for i := range len(s) {
			if s[i] == 0 {
				panic(errors.New("BUG: a path with a NUL reached the child"))
			}
		}
		vector = append(vector, unsafe.SliceData(block))
		block = block[copy(block, s)+1:]
	}
	return vector
}

// pidRoom holds the decimal digits of any pid (PID_MAX_LIMIT is 4194304) and a NUL.
const pidRoom = 8

// Environment is Strings(env), and behind them a variable for each name of own, whose
// value is the number of the child that Vfork makes, in its own PID namespace. Nobody
// knows it before the child is there: the child itself writes it, into memory made here.
func (p *Program) Environment(env, own []string) Word {
	vector := pack(make([]*byte, 0, len(env)+len(own)+1), env)
	for _, name := range own {
		b := make([]byte, len(name)+1+pidRoom)
		copy(b, name)
		b[len(name)] = '='
		p.ownPID = append(p.ownPID, (*[pidRoom]byte)(b[len(name)+1:]))
		vector = append(vector, unsafe.SliceData(b))
	}
	first := unsafe.SliceData(append(vector, nil))
	return Word{value: uintptr(unsafe.Pointer(first)), keep: (*byte)(unsafe.Pointer(first))}
}

// Vector is a pointer to a vector of strings that the process was started with, addresses in
// its own memory, with a 0 at the end: the environment can be large, and a copy would stay as
// long as the program runs.
func Vector(list []uintptr) Word {
	if len(list) == 0 || list[len(list)-1] != 0 {
		panic(errors.New("BUG: a vector of strings does not end"))
	}
	first := unsafe.SliceData(list)
	return Word{value: uintptr(unsafe.Pointer(first)), keep: (*byte)(unsafe.Pointer(first))}
}

// SlotPointer is a pointer to a slot, for a call that reads a small number from memory:
// both architectures are little endian, so an int there is the slot's low half.
func (p *Program) SlotPointer(n int) Word {
	return Word{value: uintptr(unsafe.Pointer(&p.slots[n]))}
}

// filterHeader is struct sock_fprog of seccomp(2) on a 64-bit kernel.
type filterHeader struct {
	length uint16
	_      [3]uint16
	filter *byte
}

// Filter is a pointer to a struct sock_fprog for the program, a list of 8-byte
// struct sock_filter records.
func Filter(program []byte) Word {
	h := &filterHeader{length: uint16(len(program) / 8), filter: Bytes(program).keep}
	return Word{value: uintptr(unsafe.Pointer(h)), keep: (*byte)(unsafe.Pointer(h))}
}
