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
	progQuery  = 16

	typeCgroupDevice   = 15
	attachCgroupDevice = 6

	loadTries = 100

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
	fd, err := bpf(progLoad, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	// The kernel's verifier gives up when a signal comes (EAGAIN), and the Go runtime sends
	// itself one to preempt.
	for try := 0; err == syscall.EAGAIN && try < loadTries; try++ {
		fd, err = bpf(progLoad, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
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

// DevicePrograms counts the programs that are attached to the cgroup itself (Linux 4.15).
func DevicePrograms(cgroup int) (int, error) {
	attr := struct {
		target, attachType, queryFlags, attachFlags uint32
		ids                                         uint64
		count, _                                    uint32
	}{target: uint32(cgroup), attachType: attachCgroupDevice}
	_, err := bpf(progQuery, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	return int(attr.count), err
}
