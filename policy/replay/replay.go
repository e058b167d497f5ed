// Package replay runs a filter on one call in a BPF machine of other people's, that of
// golang.org/x/net/bpf. A prover that says a filter is wrong is itself only a program:
// its witness is run here before anybody is told, by code that shares nothing with it,
// with our compiler, libseccomp or the kernel.
//
// It imports policy/filter for calls and verdicts, and golang.org/x/net/bpf. It judges
// nothing.
package replay

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/net/bpf"

	"casemate/policy/filter"
)

// Machine holds a program.
type Machine struct{ vm *bpf.VM }

// instructionSize is that of struct sock_filter.
const instructionSize = 8

// New loads a program: struct sock_filter records, little endian.
func New(program []byte) (Machine, error) {
	if len(program)%instructionSize != 0 {
		return Machine{}, fmt.Errorf("program of %d bytes: not a list of %d-byte instructions", len(program), instructionSize)
	}
	var list []bpf.Instruction
	for b := program; len(b) > 0; b = b[instructionSize:] {
		raw := bpf.RawInstruction{
			Op: binary.LittleEndian.Uint16(b), Jt: b[2], Jf: b[3], K: binary.LittleEndian.Uint32(b[4:]),
		}
		in := raw.Disassemble()
		if _, unknown := in.(bpf.RawInstruction); unknown {
			return Machine{}, fmt.Errorf("instruction %d: %+v: the machine does not know it", len(list), raw)
		}
		list = append(list, in)
	}
	vm, err := bpf.NewVM(list)
	return Machine{vm}, err
}

// Run gives the verdict on a call. The machine reads packets, whose words are big
// endian: every word of struct seccomp_data is laid out so, in the order that a
// little-endian kernel has them, the low word of 64 bits first.
func (m Machine) Run(c filter.Call) (filter.Action, error) {
	data := make([]byte, 0, 64)
	word := func(v uint64) { data = binary.BigEndian.AppendUint32(data, uint32(v)) }
	word(uint64(c.NR))
	word(uint64(c.Arch))
	for _, v := range append([]uint64{c.IP}, c.Args[:]...) {
		word(v)
		word(v >> 32)
	}
	got, err := m.vm.Run(data)
	return filter.Action(uint32(got)), err
}
