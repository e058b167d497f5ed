package sys

import (
	"runtime"
	"syscall"
	"unsafe"
)

// bpf(2), for device programs of cgroups; the constants are linux/bpf.h's.
const (
	progLoad   = 5
	progAttach = 8
	objGetInfo = 15
	progQuery  = 16

	typeCgroupDevice   = 15
	attachCgroupDevice = 6

	// Programs of groups above hold as well, and one below can only take more away.
	allowMulti = 1 << 1
)

func numberBPF() uintptr {
	if runtime.GOARCH == "arm64" {
		return 280
	}
	return 321
}

func bpf(command uintptr, attr unsafe.Pointer, size uintptr) (int, error) {
	// Safety: the callers give a struct that lives on their stack until the call returns,
	// and its size; what it points to they keep alive.
	n, _, errno := syscall.RawSyscall(numberBPF(), command, uintptr(attr), size)
	return int(n), asError(errno)
}

// LoadDeviceProgram loads a program of struct bpf_insn records and gives its descriptor.
// Needs CAP_BPF or CAP_SYS_ADMIN.
func LoadDeviceProgram(program []byte) (int, error) {
	license := []byte("Apache-2.0\x00") // it calls no helper that asks for another
	attr := struct {
		progType, count             uint32
		instructions, license       uint64
		logLevel, logSize           uint32
		log                         uint64
		kernelVersion, flags        uint32
		name                        [16]byte
		ifindex, expectedAttachType uint32
	}{
		progType: typeCgroupDevice, count: uint32(len(program) / 8), expectedAttachType: attachCgroupDevice,
		// Safety: addresses for the kernel, which copies; program and license are kept alive below.
		instructions: uint64(uintptr(unsafe.Pointer(unsafe.SliceData(program)))),
		license:      uint64(uintptr(unsafe.Pointer(unsafe.SliceData(license)))),
	}
	copy(attr.name[:], "casemate_dev")
	// The kernel's verifier gives up when a signal comes (EAGAIN), and the Go runtime sends
	// itself one to preempt: none comes while all are blocked.
	fd := -1
	var err error
	if fault := unheard(func() { fd, err = bpf(progLoad, unsafe.Pointer(&attr), unsafe.Sizeof(attr)) }); err == nil && fault != nil {
		if fd >= 0 {
			syscall.Close(fd)
		}
		fd, err = -1, fault
	}
	runtime.KeepAlive(program)
	runtime.KeepAlive(license)
	return fd, err
}

// AttachDeviceProgram attaches a program to a cgroup. It stays as long as the group.
func AttachDeviceProgram(cgroup, program int) error {
	attr := struct{ target, program, attachType, flags, replace uint32 }{
		target: uint32(cgroup), program: uint32(program), attachType: attachCgroupDevice, flags: allowMulti,
	}
	_, err := bpf(progAttach, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	return err
}

// DevicePrograms gives the numbers of the programs that are attached to the cgroup itself
// (Linux 4.15). More than eight are ENOSPC.
func DevicePrograms(cgroup int) ([]uint32, error) {
	ids := new([8]uint32)
	attr := struct {
		target, attachType, queryFlags, attachFlags uint32
		ids                                         uint64
		count, _                                    uint32
		// Safety: the kernel writes at most count numbers to ids, which is kept alive below.
	}{target: uint32(cgroup), attachType: attachCgroupDevice, ids: uint64(uintptr(unsafe.Pointer(ids))), count: uint32(len(ids))}
	_, err := bpf(progQuery, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	runtime.KeepAlive(ids)
	if err != nil {
		return nil, err
	}
	return ids[:attr.count], nil
}

// ProgramID is the kernel's number of a loaded program, which no other program has while
// this one lives (Linux 4.13).
func ProgramID(program int) (uint32, error) {
	info := new([2]uint32) // the beginning of struct bpf_prog_info: type, id
	attr := struct {
		program, size uint32
		info          uint64
		// Safety: the kernel reads and writes the eight bytes of info, which is kept alive below.
	}{uint32(program), uint32(unsafe.Sizeof(*info)), uint64(uintptr(unsafe.Pointer(info)))}
	_, err := bpf(objGetInfo, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	runtime.KeepAlive(info)
	return info[1], err
}
