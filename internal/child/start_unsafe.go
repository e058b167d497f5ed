package child

import (
	"errors"
	"runtime"
	"syscall"
	"unsafe"
)

// The Go runtime keeps these three for gVisor ("do not remove or change the type
// signature", go.dev/issue/67401). BeforeFork blocks all signals of the thread and
// pins it; AfterFork undoes that in the parent. AfterForkInChild is not called: it
// would unblock signals, and the child wants them blocked until exec.

//go:linkname runtimeBeforeFork syscall.runtime_BeforeFork
func runtimeBeforeFork()

//go:linkname runtimeAfterFork syscall.runtime_AfterFork
func runtimeAfterFork()

// Clone says how to make the child.
type Clone struct {
	Flags  uint64 // CLONE_* of clone(2); CLONE_PIDFD is added
	Cgroup int    // a cgroup v2 directory for CLONE_INTO_CGROUP (Linux 5.7); -1 for none
}

// ReportSlot is the slot that holds the write end of the report pipe: the child
// writes {step, errno} into it when an instruction fails. A program that moves its
// descriptors about moves this one too.
const ReportSlot = 0

// firstReport is the lowest number that the report pipe may have in the child.
const firstReport = 64

// Process is a started child.
type Process struct {
	PID    int
	PIDFD  int
	report int
}

// sysClone3 is the call's number on all architectures; package syscall has none.
const sysClone3 = 435

// cloneArgs is struct clone_args of clone3(2), CLONE_ARGS_SIZE_VER2 (Linux 5.7), and
// behind it the place for the pidfd.
type cloneArgs struct {
	flags, pidfd, childTID, parentTID, exitSignal uint64
	stack, stackSize, tls, setTID, setTIDSize     uint64
	cgroup                                        uint64

	result int32
}

// cloneArgsSize is what the kernel reads of it.
const cloneArgsSize = unsafe.Offsetof(cloneArgs{}.result)

// Start copies the address space rather than share it (CLONE_VM). Sharing would save
// 0.2 ms of 5.5: the page tables, 90 copies on write here, the copy's end at the exec. It
// would also give the workload's user id, between the change of ids and the exec, to a
// process that holds the shim's own memory: with fs.suid_dumpable=1 whoever has that id
// on the host could trace it and so become root. And the kernel's OOM killer ends whoever
// shares the memory of its victim: the shim with a child too large for its memory.max,
// which then could neither say so nor clean up; oom_score_adj and dumpable (proc(5),
// prctl(2)) would change for both.
//
// Start clones and lets the child run the program. The caller must be on a locked
// thread when the program sets PR_SET_PDEATHSIG: that signal follows the death of
// the thread, not of the process (prctl(2)). All signals stay blocked in the child,
// and its handlers are reset (CLONE_CLEAR_SIGHAND, Linux 5.5).
func (p *Program) Start(c Clone) (*Process, error) {
	var pipe [2]int
	if err := syscall.Pipe2(pipe[:], syscall.O_CLOEXEC); err != nil {
		return nil, err
	}
	defer syscall.Close(pipe[1])
	// Out of the way of the low numbers that a program gives to descriptors of its own.
	report, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(pipe[1]), syscall.F_DUPFD_CLOEXEC, firstReport)
	if errno != 0 {
		syscall.Close(pipe[0])
		return nil, errno
	}
	defer syscall.Close(int(report))
	p.Set(ReportSlot, int(report))

	args := &cloneArgs{
		flags:      c.Flags | syscall.CLONE_PIDFD | syscall.CLONE_CLEAR_SIGHAND,
		exitSignal: uint64(syscall.SIGCHLD),
		result:     -1,
	}
	if c.Cgroup >= 0 {
		args.flags |= syscall.CLONE_INTO_CGROUP
		args.cgroup = uint64(c.Cgroup)
	}
	pid, errno := start(args, p)
	runtime.KeepAlive(p)
	if errno != 0 {
		syscall.Close(pipe[0])
		return nil, errno
	}
	return &Process{PID: int(pid), PIDFD: int(args.result), report: pipe[0]}, nil
}

// start is clone3 and the child's whole life until exec.
//
// Safety: without CLONE_VM the child has its own copy of this address space, in
// which no other thread runs; it may therefore not wait for any lock, allocate,
// grow its stack or be preempted. nosplit, norace and the absence of any call but
// RawSyscall6 (assembly) keep that. p is heap memory made before. The address of
// args.result is taken after BeforeFork, when nothing can move a stack any more.
//
//go:noinline
//go:norace
//go:nosplit
//go:nocheckptr
func start(args *cloneArgs, p *Program) (uintptr, syscall.Errno) {
	runtimeBeforeFork()
	args.pidfd = uint64(uintptr(unsafe.Pointer(&args.result)))
	pid, _, errno := syscall.RawSyscall6(sysClone3, uintptr(unsafe.Pointer(args)), cloneArgsSize, 0, 0, 0, 0)
	if errno != 0 || pid != 0 {
		runtimeAfterFork()
		return pid, errno
	}
	p.run()
	return 0, 0 // not reached
}

// run executes the program, reports where it failed and does not return: the last
// instruction of every program is an exec, and a program that ends without one has
// failed too.
//
// Safety: as start; see there.
//
//go:noinline
//go:norace
//go:nosplit
//go:nocheckptr
func (p *Program) run() {
	step, errno := p.execute()
	report := [2]uint32{uint32(step), uint32(errno)}
	syscall.RawSyscall6(syscall.SYS_WRITE, p.slots[ReportSlot], uintptr(unsafe.Pointer(&report)), 8, 0, 0, 0)
	end()
}

// execute is the loop. It returns at the instruction that failed, or at the last one.
//
// Safety: as start; see there. A slot number was checked by Program.Add's caller
// against MaxSlots, and the array is indexed with bounds checks anyway.
//
//go:noinline
//go:norace
//go:nosplit
//go:nocheckptr
func (p *Program) execute() (step int, errno syscall.Errno) {
	for step = range p.code {
		in := &p.code[step]
		var a [6]uintptr
		for i := range a {
			a[i] = in.args[i]
			if in.slots>>i&1 != 0 {
				a[i] = p.slots[a[i]%MaxSlots]
			}
		}
		var r uintptr
		r, _, errno = syscall.RawSyscall6(in.nr, a[0], a[1], a[2], a[3], a[4], a[5])
		if errno != in.want && errno != in.tolerate && in.tolerate != Any {
			break
		}
		if in.save >= 0 {
			p.slots[uint(in.save)%MaxSlots] = r
		}
	}
	return step, errno
}

// end is the end of a child that could not exec.
//
//go:norace
//go:nosplit
func end() {
	for {
		syscall.RawSyscall6(syscall.SYS_EXIT_GROUP, 250, 0, 0, 0, 0, 0)
	}
}

// Report is the read end of the report pipe: readable when Wait would not block.
func (p *Process) Report() int { return p.report }

// Wait returns nil once the child has executed its last instruction, the exec, and
// a *Failure when one has failed. A child that dies without a word is an error too.
// To tell an exec from a silent death the caller looks at the pidfd, or (the shim)
// waits for init's first message.
func (p *Process) Wait() error {
	defer syscall.Close(p.report)
	var buf [8]byte
	for n := 0; n < len(buf); {
		m, err := syscall.Read(p.report, buf[n:])
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		if m == 0 && n == 0 {
			return nil
		}
		if m == 0 {
			return errors.New("the child's report ends inside a record")
		}
		n += m
	}
	// Safety: buf is eight bytes, written by run above in this machine's order.
	r := (*[2]uint32)(unsafe.Pointer(&buf))
	return &Failure{Step: int(r[0]), Errno: syscall.Errno(r[1])}
}
