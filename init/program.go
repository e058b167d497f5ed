package main

import (
	"syscall"

	"casemate/internal/child"
	"casemate/internal/exit"
	"casemate/internal/inherit"
	"casemate/internal/orders"
	"casemate/internal/sys"
)

// steps are the numbers of the steps that may fail for reasons outside of us.
type steps struct{ chdir, exec int }

const pidSlot = 1

// adder appends an instruction, as child.Program.Add.
type adder func(nr uintptr, save int, tolerate syscall.Errno, words ...child.Word)

// render writes down what the child does between clone and exec.
func (j *job) render(p *child.Program) steps {
	s, n := steps{chdir: -1}, 0
	p.Grow(sys.LastSignal + 6 + int(j.Sockets))
	add := func(nr uintptr, save int, tolerate syscall.Errno, words ...child.Word) {
		p.Add(nr, save, tolerate, words...)
		n++
	}
	j.renderSignals(add)
	j.renderGroup(p, add)
	// Upwards: each number that is written to lies below those still to be read, and the
	// gate, which is in the way, closes at the exec anyway.
	for i := range int(j.Sockets) {
		add(syscall.SYS_DUP3, child.None, 0, child.FD(orders.SocketFD+i), child.FD(orders.FirstFD+i), child.Int(0))
	}
	if j.Cwd != "" {
		s.chdir = n
		add(syscall.SYS_CHDIR, child.None, 0, child.String(j.Cwd))
	}
	add(syscall.SYS_RT_SIGPROCMASK, child.None, 0, child.Int(sys.SIG_SETMASK), child.Bytes(little(j.blocked)), child.Int(0), child.Int(8))
	s.exec = n
	add(syscall.SYS_EXECVE, child.None, 0, child.String(j.path), child.Strings(j.Argv), j.environ(p))
	return s
}

// environ is the workload's environment. Alone it is init's own, mostly as it is.
func (j *job) environ(p *child.Program) child.Word {
	if own := inherit.Environment(); j.gate == noGate && len(j.OwnPID) == 0 && own != nil {
		return child.Vector(own)
	}
	return p.Environment(j.Env, j.OwnPID)
}

// renderSignals gives every signal back what it had before init. The child has init's
// handlers until its exec; they would send what arrives after its mask is opened to init.
func (j *job) renderSignals(add adder) {
	handlers := [2]child.Word{}
	for i := range handlers { // struct sigaction, of SIG_DFL and of SIG_IGN
		handlers[i] = child.Bytes(append(little(uint64(i)), make([]byte, 24)...))
	}
	for n := 1; n <= sys.LastSignal; n++ {
		if sys.Catchable(n) {
			add(syscall.SYS_RT_SIGACTION, child.None, 0, child.Int(uint64(n)), handlers[j.ignored>>(n-1)&1], child.Int(0), child.Int(8))
		}
	}
}

// little is n as this machine keeps it.
func little(n uint64) []byte {
	b := make([]byte, 8, 32)
	for i := range b {
		b[i] = byte(n >> (8 * i))
	}
	return b
}

// run starts the workload, reports it and stays with it to its end.
func (j *job) run(p *child.Program, s steps) int {
	pid, failed, errno := p.Vfork()
	j.closeSockets()
	if errno != 0 {
		say("clone: ", errno.Error())
		return exit.Step
	}
	m := newMachine(syscall.Getpid(), &j.Orders)
	m.patient = j.patient
	if failed.Errno != 0 {
		code, why := j.explain(failed, s)
		// The shim first: a standard error that nobody reads makes say wait.
		code = j.loop(m, event{kind: unspawned, code: int32(code), status: syscall.WaitStatus(failed.Errno)})
		say(why)
		return code
	}
	// The file system that init was started in can be unmounted while init runs. If the
	// root cannot be entered, it is not.
	sys.ChdirRoot()
	if j.gate == noGate {
		sys.CloseFrom(3)
	}
	// From here on nothing is allocated, and the other threads end.
	sys.Pin()
	if err := j.seal(); err != nil {
		say("seal: ", err.Error())
		return exit.Step
	}
	return j.expected.of(j.loop(m, event{kind: spawned, pid: int32(pid)}))
}

// seal takes from init what it does not need any more. Under the shim no_new_privs is set,
// and the policy's filter lets init do this; alone it may run where neither is so, and what
// cannot be taken is kept.
func (j *job) seal() error {
	if j.gate != noGate {
		return sys.Seal()
	}
	if sys.Prctl(sys.PR_SET_NO_NEW_PRIVS, 1) == nil {
		sys.Seal()
	}
	return nil
}

// closeSockets gives up init's copies: who would connect to a socket that nobody but
// init has open any more would wait for ever.
func (j *job) closeSockets() {
	for i := range int(j.Sockets) {
		sys.Close(orders.SocketFD + i)
	}
}

// explain says why the workload does not run, and with which code init exits.
func (j *job) explain(f child.Failure, s steps) (code int, text string) {
	why := f.Errno.Error()
	switch {
	case f.Step == s.chdir:
		return exit.NotExecutable, "chdir " + j.Cwd + ": " + why
	case f.Step != s.exec:
		return exit.Step, "prepare the workload: " + why
	case f.Errno == syscall.ENOENT && sys.Exists(j.path):
		return exit.NotFound, "exec " + j.path + ": " + why + ": the file exists, its interpreter or dynamic loader does not"
	case f.Errno == syscall.ENOENT:
		return exit.NotFound, "exec " + j.path + ": " + why
	case f.Errno == syscall.EACCES && j.gate == noGate:
		why += ": is it a program, and is what it lies in mounted without noexec?"
	case f.Errno == syscall.EACCES:
		why += ": is it a program, and is what it lies in mounted with exec = true?"
	}
	return exit.NotExecutable, "exec " + j.path + ": " + why
}
