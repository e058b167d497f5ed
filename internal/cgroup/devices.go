package cgroup

import (
	"encoding/binary"

	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// accessMake is BPF_DEVCG_ACC_MKNOD of linux/bpf.h: the child makes the nodes while it is in
// the group. The workload lacks CAP_MKNOD, and every mount but /dev is nodev.
const accessMake = 1

const anyMinor = ^uint32(0)

// allowed is one device, or every minor of a major.
type allowed struct {
	block        bool
	major, minor uint32
	access       uint8
}

// always are the devices of every /dev: null(4), random(4), tty(4), pts(4).
var always = []allowed{
	{false, 1, 3, 7}, {false, 1, 5, 7}, {false, 1, 7, 7}, {false, 1, 8, 7}, {false, 1, 9, 7},
	{false, 5, 0, 7}, {false, 5, 2, 6}, {false, 136, anyMinor, 6},
}

// DeviceProgram is the program of type BPF_PROG_TYPE_CGROUP_DEVICE (Linux 4.15) that keeps
// the group from every device but those of the policy and of every /dev: struct bpf_insn
// records, as the kernel of either architecture reads them. None for a policy without
// devices: there nodev everywhere but in our /dev, and no CAP_MKNOD, say the same.
func DeviceProgram(devices []sealed.Device) []byte {
	if len(devices) == 0 {
		return nil
	}
	p := program{
		{unix.BPF_LDX | unix.BPF_MEM | unix.BPF_W, 2, 1, 0, 0}, // r2 = ctx->access_type
		{unix.BPF_LDX | unix.BPF_MEM | unix.BPF_W, 3, 1, 4, 0}, // r3 = ctx->major
		{unix.BPF_LDX | unix.BPF_MEM | unix.BPF_W, 4, 1, 8, 0}, // r4 = ctx->minor
		{alu | unix.BPF_MOV | unix.BPF_X, 5, 2, 0, 0},
		{alu | unix.BPF_AND | unix.BPF_K, 5, 0, 0, 0xffff}, // r5 = block or character
		{alu | unix.BPF_RSH | unix.BPF_K, 2, 0, 0, 16},     // r2 = what is asked for
	}
	for _, d := range always {
		p.allow(d)
	}
	for _, d := range devices {
		p.allow(allowed{d.Block, d.Major, d.Minor, d.Access | accessMake})
	}
	p = append(p, instruction{alu | unix.BPF_MOV | unix.BPF_K, 0, 0, 0, 0}, exit)
	return p.bytes()
}

// alu is the class of 64-bit arithmetic.
const alu = unix.BPF_ALU64

// instruction is struct bpf_insn: code, destination and source register, offset, constant.
type instruction struct {
	code     uint8
	dst, src uint8
	off      int16
	imm      int32
}

var exit = instruction{code: unix.BPF_JMP | unix.BPF_EXIT}

type program []instruction

// allow ends with 1 where the device is this one and nothing else is asked for than is
// allowed; else it goes on behind.
func (p *program) allow(d allowed) {
	kind := int32(2) // BPF_DEVCG_DEV_CHAR
	if d.block {
		kind = 1
	}
	tests := program{
		{unix.BPF_JMP | unix.BPF_JNE | unix.BPF_K, 5, 0, 0, kind},
		{unix.BPF_JMP | unix.BPF_JNE | unix.BPF_K, 3, 0, 0, int32(d.major)},
	}
	if d.minor != anyMinor {
		tests = append(tests, instruction{unix.BPF_JMP | unix.BPF_JNE | unix.BPF_K, 4, 0, 0, int32(d.minor)})
	}
	tests = append(tests,
		instruction{alu | unix.BPF_MOV | unix.BPF_X, 0, 2, 0, 0},
		instruction{alu | unix.BPF_AND | unix.BPF_K, 0, 0, 0, int32(7 &^ d.access)},
		instruction{unix.BPF_JMP | unix.BPF_JNE | unix.BPF_K, 0, 0, 0, 0},
	)
	end := program{{alu | unix.BPF_MOV | unix.BPF_K, 0, 0, 0, 1}, exit}
	for i := range tests {
		if tests[i].code == unix.BPF_JMP|unix.BPF_JNE|unix.BPF_K {
			tests[i].off = int16(len(tests) - i - 1 + len(end))
		}
	}
	*p = append(append(*p, tests...), end...)
}

func (p program) bytes() []byte {
	b := make([]byte, 0, 8*len(p))
	for _, i := range p {
		b = append(b, i.code, i.src<<4|i.dst)
		b = binary.LittleEndian.AppendUint16(b, uint16(i.off))
		b = binary.LittleEndian.AppendUint32(b, uint32(i.imm))
	}
	return b
}
