//go:build amd64

package trace

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"

	"casemate/policy/filter"

	"golang.org/x/sys/unix"
)

// Verdict is what becomes of a call. The zero Verdict lets it go.
type Verdict struct {
	Skip   bool  // the call is not made
	Answer bool  // its result is Result, made or not
	Result int64 // errors are negative errnos
}

// Deny answers a call with an errno instead of making it; but close(2), which closes
// whatever it says.
func Deny(name string, errno unix.Errno) Verdict {
	return Verdict{Skip: name != "close", Answer: true, Result: -int64(errno)}
}

// Lie answers a call as if it had been made.
func Lie(result int64) Verdict { return Verdict{Skip: true, Answer: true, Result: result} }

// Tracer runs one launch after the other.
type Tracer struct {
	// Follow tells whose calls are reported; nil reports nobody's.
	Follow func(role string) bool
	// Entry is called with the caller stopped before the call, Exit behind it.
	Entry func(*Call) Verdict
	Exit  func(*Call)
	Ended func() // when the program has ended, whatever is left of it

	tasks map[int]*task
	codes map[string]*code
	loose bool // everybody is let go
	err   error
}

// Run starts a program, sees it and everything that comes of it to its end, and gives the
// program's wait status. The program dies with the tracer.
func (t *Tracer) Run(path string, argv, env []string, files []uintptr) (unix.WaitStatus, error) {
	if t.codes == nil {
		t.codes = map[string]*code{}
	}
	t.tasks, t.loose, t.err = map[int]*task{}, false, nil
	pid, err := syscall.ForkExec(path, argv, &syscall.ProcAttr{
		Env: env, Files: files, Sys: &syscall.SysProcAttr{Ptrace: true, Setsid: true},
	})
	if err != nil {
		return 0, err
	}
	root := &task{tid: pid, pid: pid, role: Launcher, seen: map[string]int{}}
	t.tasks[pid] = root
	var status, ended unix.WaitStatus
	for {
		tid, err := unix.Wait4(-1, &status, unix.WALL, nil)
		switch {
		case errors.Is(err, unix.ECHILD):
			return ended, t.err
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return ended, err
		case !status.Stopped():
			if tid == pid {
				ended = status
				if t.Ended != nil {
					t.Ended()
				}
			}
			delete(t.tasks, tid)
			continue
		}
		if err := t.stopped(tid, status); err != nil && t.err == nil && !errors.Is(err, unix.ESRCH) {
			t.err = err
			t.Release()
		}
	}
}

// Release lets everybody go from their next stop on. What is killed or denied in the call
// under way still is.
func (t *Tracer) Release() { t.loose = true }

// PID of the process with a role, 0 for none.
func (t *Tracer) PID(role string) int {
	for _, k := range t.tasks {
		if k.role == role {
			return k.pid
		}
	}
	return 0
}

const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK |
	unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_EXITKILL

// faults are the signals of what a program has done itself.
var faults = []unix.Signal{unix.SIGSEGV, unix.SIGBUS, unix.SIGILL, unix.SIGFPE}

// sysgood marks the stops of system calls (PTRACE_O_TRACESYSGOOD).
const sysgood = 0x80

// stopped deals with one stop. A task that was killed meanwhile is ESRCH.
func (t *Tracer) stopped(tid int, status unix.WaitStatus) error {
	k, sig := t.tasks[tid], status.StopSignal()
	if k == nil { // its first stop, a SIGSTOP of the kernel's
		k = t.newTask(tid)
		t.tasks[tid] = k
		return t.resume(k, 0)
	}
	switch {
	case sig == unix.SIGTRAP|sysgood:
		if err := t.syscallStop(k); err != nil {
			return err
		}
		return t.resume(k, 0)
	case sig == unix.SIGTRAP && status.TrapCause() > 0:
		if status.TrapCause() != unix.PTRACE_EVENT_EXEC {
			return t.resume(k, 0)
		}
		return errors.Join(t.executed(k), t.resume(k, 0))
	case sig == unix.SIGTRAP && k.role == Launcher && k.seq == 0: // of the first exec, which has no event yet
		k.seq++
		if err := unix.PtraceSetOptions(tid, options); err != nil {
			return fmt.Errorf("PTRACE_SETOPTIONS: %w", err)
		}
		err := t.executed(k)
		k.inCall = false // the exit of this exec came before the trap
		return errors.Join(err, t.resume(k, 0))
	case sig == unix.SIGTRAP && k.begins():
		return t.resume(k, 0)
	}
	return t.resume(k, sig)
}

// follows tells whether the calls of a task are reported.
func (t *Tracer) follows(k *task) bool {
	return k.role != "" && t.Follow != nil && t.Follow(k.role)
}

// resume lets a task go on, with a signal if that is not 0.
func (t *Tracer) resume(k *task, sig unix.Signal) error {
	switch {
	case t.follows(k) && (!t.loose || k.verdict.Answer):
		return unix.PtraceSyscall(k.tid, int(sig))
	case t.loose && (sig == 0 && k.trap == nil || slices.Contains(faults, sig)):
		// Another signal could not be passed on by x/sys's detach. What faults faults again,
		// and dies of it: a PID 1 that is traced would not.
		delete(t.tasks, k.tid)
		return unix.PtraceDetach(k.tid)
	}
	return unix.PtraceCont(k.tid, int(sig))
}

// syscallStop is the entry of a call, or its exit.
func (t *Tracer) syscallStop(k *task) error {
	var r unix.PtraceRegs
	if err := unix.PtraceGetRegs(k.tid, &r); err != nil {
		return err
	}
	if k.inCall {
		return t.leave(k, &r)
	}
	return t.enter(k, &r)
}

func (t *Tracer) enter(k *task, r *unix.PtraceRegs) error {
	k.inCall, k.verdict = true, Verdict{}
	name, known := filter.Name(filter.AMD64, int(r.Orig_rax))
	if !known {
		name = fmt.Sprintf("syscall %d", r.Orig_rax)
	}
	k.call = Call{Role: k.role, PID: k.pid, Name: name, Args: [6]uint64{r.Rdi, r.Rsi, r.Rdx, r.R10, r.R8, r.R9}, Seq: k.seq}
	const instruction = 2 // bytes; Rip is behind it
	k.call.Own = k.program == nil || k.began && k.program.own(r.Rip-instruction)
	k.seq++
	k.seen[k.call.key()]++
	k.call.Nth = k.seen[k.call.key()]
	if t.loose || t.Entry == nil {
		return nil
	}
	k.verdict = t.Entry(&k.call)
	if !k.verdict.Skip {
		return nil
	}
	// In place of -1 a call that does nothing: a seccomp filter sees what the tracer has
	// put there (Linux 4.8), and the filters that are in force by then know getpid.
	r.Orig_rax = unix.SYS_GETPID
	return unix.PtraceSetRegs(k.tid, r)
}

func (t *Tracer) leave(k *task, r *unix.PtraceRegs) error {
	k.inCall = false
	if k.verdict.Answer {
		r.Rax = uint64(k.verdict.Result)
		k.verdict = Verdict{}
		if err := unix.PtraceSetRegs(k.tid, r); err != nil {
			return err
		}
	}
	k.call.Result = int64(r.Rax)
	if !t.loose && t.Exit != nil {
		t.Exit(&k.call)
	}
	return nil
}

// Untraced runs a program, with nothing else under way, and all that comes of it to the end.
func Untraced(path string, argv, env []string, files []uintptr) (unix.WaitStatus, error) {
	pid, err := syscall.ForkExec(path, argv, &syscall.ProcAttr{Env: env, Files: files, Sys: &syscall.SysProcAttr{Setsid: true}})
	if err != nil {
		return 0, err
	}
	var status, ended unix.WaitStatus
	for {
		got, err := unix.Wait4(-1, &status, unix.WALL, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.ECHILD):
			return ended, nil
		case err != nil:
			return ended, os.NewSyscallError("wait4", err)
		case got == pid:
			ended = status
		}
	}
}
