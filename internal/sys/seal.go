package sys

import "syscall"

// sealedCalls are what a process may call after Seal, those of the loop first: the kernel
// remembers what is always allowed and does not run the program for it (Linux 5.11).
var sealedCalls = [...]uint32{
	syscall.SYS_RT_SIGTIMEDWAIT, // the wait
	syscall.SYS_WAIT4,           // reaping
	syscall.SYS_WAITID,          // is the main child's group still its own
	syscall.SYS_KILL,            // passing on, and ending the other threads
	syscall.SYS_CLOCK_GETTIME,   // the grace
	syscall.SYS_WRITE,           // the gate, a message
	syscall.SYS_PPOLL,           // before a message
	syscall.SYS_EXIT_GROUP,      // the end

	// What the other threads do until they are ended: relay, sleep, wake, and end.
	syscall.SYS_RT_SIGRETURN,
	syscall.SYS_TGKILL,
	syscall.SYS_GETPID,
	syscall.SYS_FUTEX,
	syscall.SYS_NANOSLEEP,
	syscall.SYS_SCHED_YIELD,
	syscall.SYS_RESTART_SYSCALL,
	syscall.SYS_RT_SIGPROCMASK,
	syscall.SYS_EXIT,
}

// sockFilter is the kernel's struct sock_filter, linux/filter.h.
type sockFilter struct {
	code   uint16
	jt, jf uint8
	k      uint32
}

// What a filter is made of, linux/bpf_common.h and linux/seccomp.h.
const (
	bpfLoad  = 0x20 // BPF_LD|BPF_W|BPF_ABS, of struct seccomp_data
	bpfEqual = 0x15 // BPF_JMP|BPF_JEQ|BPF_K
	bpfRet   = 0x06 // BPF_RET|BPF_K

	offsetNr, offsetArch = 0, 4

	retKillThread = 0x00000000 // SECCOMP_RET_KILL_THREAD
	retAllow      = 0x7fff0000 // SECCOMP_RET_ALLOW
)

// sealProgram is the filter: calls of this architecture, by number, and nothing else.
func sealProgram() (p [len(sealedCalls) + 5]sockFilter) {
	const n = uint8(len(sealedCalls))
	p[0] = sockFilter{bpfLoad, 0, 0, offsetArch}
	p[1] = sockFilter{bpfEqual, 0, n + 1, auditArch}
	p[2] = sockFilter{bpfLoad, 0, 0, offsetNr}
	for i, nr := range sealedCalls {
		p[3+i] = sockFilter{bpfEqual, n - uint8(i), 0, nr}
	}
	p[n+3] = sockFilter{bpfRet, 0, 0, retKillThread}
	p[n+4] = sockFilter{bpfRet, 0, 0, retAllow}
	return p
}
