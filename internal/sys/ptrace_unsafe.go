package sys

import (
	"syscall"
	"unsafe"
)

// ptraceGetFilter is PTRACE_SECCOMP_GET_FILTER of linux/ptrace.h; package syscall and x/sys
// do not have it.
const ptraceGetFilter = 0x420c

// SeccompFilter reads the n-th filter of a stopped tracee into b, counted from the first
// that was installed: struct sock_filter records, as they were given to the kernel. It gives
// the number of records, which must fit; with a nil b that alone. ENOENT: there are not so
// many. EINVAL: the kernel does not keep them (CONFIG_CHECKPOINT_RESTORE). EACCES: the caller
// lacks CAP_SYS_ADMIN or has a filter itself.
func SeccompFilter(pid, n int, b []byte) (int, error) {
	if b != nil {
		count, err := SeccompFilter(pid, n, nil)
		if err != nil {
			return 0, err
		}
		if count*8 > len(b) {
			return count, syscall.E2BIG
		}
	}
	// Safety: the kernel writes eight bytes for each record, which fit, as was just asked: the
	// tracee is stopped and cannot install another. b lives until the call returns.
	count, _, errno := syscall.RawSyscall6(syscall.SYS_PTRACE, ptraceGetFilter, uintptr(pid), uintptr(n), uintptr(unsafe.Pointer(unsafe.SliceData(b))), 0, 0)
	return int(count), asError(errno)
}
