package child

import "syscall"

// vforkFlags: the child borrows the parent's memory, and the parent sleeps until the
// child has executed something else or ended. clone(2), not clone3(2): a filter
// cannot look into clone3's arguments and therefore answers it with ENOSYS.
const vforkFlags = syscall.CLONE_VM | syscall.CLONE_VFORK | uintptr(syscall.SIGCHLD)

// sysClone is for vfork_*.s, through go_asm.h.
const sysClone = syscall.SYS_CLONE

// vfork clones and lets the child call vforked(p), which does not return. The result
// is the child's pid, or a negative errno.
func vfork(flags uintptr, p *Program) int

// Vfork lets a child run the program and returns when it has executed the last
// instruction, with its pid, or when it has failed; it is dead then, and still to be
// reaped. It needs no pipe and copies no page tables: in an init that was 0.16 ms of
// 1.65 from exec to workload.
//
// The caller must be on a locked thread that blocks all signals: the child runs on the
// caller's stack, in its memory, with its handlers. Nothing is allocated.
func (p *Program) Vfork() (pid int, failed Failure, errno syscall.Errno) {
	p.failed = Failure{}
	pid = vfork(vforkFlags, p)
	if pid < 0 {
		return 0, Failure{}, syscall.Errno(-pid)
	}
	return pid, p.failed, 0
}

// writeOwnPID writes the caller's number into the environment that it is about to pass.
//
// Safety: as vforked. The arrays are heap memory that the Program keeps.
//
//go:noinline
//go:norace
//go:nosplit
//go:nocheckptr
func (p *Program) writeOwnPID() {
	pid, _, _ := syscall.RawSyscall6(syscall.SYS_GETPID, 0, 0, 0, 0, 0, 0)
	digits := 1
	for rest := pid; rest >= 10 && digits < pidRoom-1; rest /= 10 {
		digits++
	}
	for _, text := range p.ownPID {
		rest := pid
		for i := digits - 1; i >= 0; i-- {
			text[i&(pidRoom-1)] = byte('0' + rest%10)
			rest /= 10
		}
		text[digits&(pidRoom-1)] = 0
	}
}

// vforked is the child's whole life until exec.
//
// Safety: as start, but that the memory is the parent's. The caller's thread sleeps and
// other threads go on; what is written is the stack below vfork's frame, which the
// caller does not use meanwhile, the slots, the digits of the pid, and the report.
//
//go:noinline
//go:norace
//go:nosplit
//go:nocheckptr
func vforked(p *Program) {
	p.writeOwnPID()
	step, errno := p.execute()
	if errno == 0 {
		errno = syscall.ENOEXEC // the program ended without an exec
	}
	p.failed = Failure{step, errno}
	end()
}
