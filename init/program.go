package main

import (
	"syscall"

	"casemate/internal/child"
	"casemate/internal/exit"
	"casemate/internal/orders"
	"casemate/internal/sys"
)

// steps are the numbers of the steps that may fail for reasons outside of us.
type steps struct{ chdir, exec int }

const pidSlot = 1

// render writes down what the child does between clone and exec.
//
// The child has init's handlers until its exec. They would send what arrives after
// its mask is opened to init, so they are reset before; signals that were ignored
// when init was started are reset as well.
func (j *job) render(p *child.Program) steps {
	s, n := steps{chdir: -1}, 0
	p.Grow(sys.LastSignal + 6 + int(j.Sockets))
	add := func(nr uintptr, save int, tolerate syscall.Errno, words ...child.Word) {
		p.Add(nr, save, tolerate, words...)
		n++
	}
	action := child.Bytes(make([]byte, 32)) // struct sigaction: SIG_DFL, no flags
	for signal := 1; signal <= sys.LastSignal; signal++ {
		if sys.Catchable(signal) {
			add(syscall.SYS_RT_SIGACTION, child.None, 0, child.Int(uint64(signal)), action, child.Int(0), child.Int(8))
		}
	}
	add(syscall.SYS_SETPGID, child.None, 0, child.Int(0), child.Int(0))
	if j.foreground {
		// SIGTTOU, which the terminal has for a background group that does this, is still
		// blocked (tcsetpgrp(3)). EIO: the terminal was hung up meanwhile.
		add(syscall.SYS_GETPID, pidSlot, 0)
		add(syscall.SYS_IOCTL, child.None, syscall.EIO, child.FD(0), child.Int(syscall.TIOCSPGRP), p.SlotPointer(pidSlot))
	}
	// Upwards: each number that is written to lies below those still to be read, and the
	// gate, which is in the way, closes at the exec anyway.
	for i := range int(j.Sockets) {
		add(syscall.SYS_DUP3, child.None, 0, child.FD(orders.SocketFD+i), child.FD(orders.FirstFD+i), child.Int(0))
	}
	if j.Cwd != "" {
		s.chdir = n
		add(syscall.SYS_CHDIR, child.None, 0, child.String(j.Cwd))
	}
	add(syscall.SYS_RT_SIGPROCMASK, child.None, 0, child.Int(sys.SIG_SETMASK), child.Bytes(make([]byte, 8)), child.Int(0), child.Int(8))
	s.exec = n
	add(syscall.SYS_EXECVE, child.None, 0, child.String(j.path), child.Strings(j.Argv), p.Environment(j.Env, j.OwnPID))
	return s
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
	// From here on nothing is allocated, and the other threads end.
	sys.Pin()
	return j.loop(m, event{kind: spawned, pid: int32(pid)})
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
	case f.Errno == syscall.EACCES:
		why += ": is it a program, and is what it lies in mounted with exec = true?"
	}
	return exit.NotExecutable, "exec " + j.path + ": " + why
}
