package seccomp

import (
	"encoding/binary"
	"testing"

	"golang.org/x/net/bpf"

	"casemate/policy/filter"
)

// machine runs programs in the BPF virtual machine of golang.org/x/net, which
// shares nothing with this package, libseccomp or the kernel.
type machine struct{ vm *bpf.VM }

func newMachine(t testing.TB, program []byte) machine {
	t.Helper()
	code, err := decode(program)
	if err != nil {
		t.Fatal(err)
	}
	var list []bpf.Instruction
	for i, in := range code {
		one := bpf.RawInstruction{Op: in.code, Jt: in.jt, Jf: in.jf, K: in.k}.Disassemble()
		if _, unknown := one.(bpf.RawInstruction); unknown {
			t.Fatalf("instruction %d: %v: the machine does not know it", i, in)
		}
		list = append(list, one)
	}
	vm, err := bpf.NewVM(list)
	if err != nil {
		t.Fatal(err)
	}
	return machine{vm}
}

// run gives the verdict. The machine reads packets, whose words are big endian:
// every word of seccomp_data is laid out so, in the order that a little-endian
// kernel has them (low word of an argument first).
func (m machine) run(t testing.TB, c filter.Call) filter.Action {
	t.Helper()
	data := make([]byte, 0, sizeData)
	data = binary.BigEndian.AppendUint32(data, c.NR)
	data = binary.BigEndian.AppendUint32(data, c.Arch)
	data = append(data, make([]byte, 8)...)
	for _, a := range c.Args {
		data = binary.BigEndian.AppendUint32(data, uint32(a))
		data = binary.BigEndian.AppendUint32(data, uint32(a>>32))
	}
	got, err := m.vm.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	return filter.Action(uint32(got))
}
