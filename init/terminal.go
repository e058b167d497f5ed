package main

import (
	"syscall"

	"casemate/internal/child"
	"casemate/internal/orders"
	"casemate/internal/sys"
)

// terminal decides what becomes of the terminal that is standard input. None, one that was
// hung up (EIO), one of another session: the workload starts all the same, without it.
func (j *job) takeTerminal() {
	if !j.session {
		// Only who is in the foreground hands the foreground on: a job that was started in
		// the background steals it from nobody.
		group, err := sys.Tcgetpgrp(0)
		j.foreground = err == nil && group == syscall.Getpgrp()
		return
	}
	// A terminal can have one session. Its leader gives it up, so that the workload's can
	// have it; the kernel then sends HUP and CONT to the foreground group. They come from
	// ourselves and are not passed on (machine.own). Who does not lead keeps the terminal,
	// with its session: the workload cannot have it, only use it.
	if session, err := sys.Tcgetsid(0); err == nil && session == syscall.Getpid() {
		sys.Ioctl(0, syscall.TIOCNOTTY, 0)
	}
	// The group of a session leader whose parent is in another session is orphaned: nobody
	// in its session could continue it, and the kernel does not stop it with these
	// (setpgid(2), "orphaned process group"). STOP it does.
	for _, n := range jobControl {
		if j.forwarded(n) == uint8(n) {
			j.Forward = append(j.Forward, orders.Forward{From: uint8(n), To: uint8(syscall.SIGSTOP)})
		}
	}
}

// jobControl are the signals by which a terminal stops a group.
var jobControl = [...]syscall.Signal{syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU}

// stopsToo tells whether init stops with the workload, as a shell that runs both expects
// of a job. PID 1 cannot be stopped from its own namespace.
func (j *job) stopsToo(e event) bool {
	if !j.session || e.kind != caught {
		return false
	}
	for _, n := range jobControl {
		if e.signal == int32(n) && j.forwarded(n) == uint8(n) {
			return true
		}
	}
	return false
}

// renderGroup writes down how the child gets its process group, its session, the terminal.
func (j *job) renderGroup(p *child.Program, add adder) {
	if j.session {
		add(syscall.SYS_SETSID, child.None, 0)
		// 0: a terminal that another session has is not stolen (ioctl_tty(2)).
		add(syscall.SYS_IOCTL, child.None, child.Any, child.FD(0), child.Int(syscall.TIOCSCTTY), child.Int(0))
		return
	}
	add(syscall.SYS_SETPGID, child.None, 0, child.Int(0), child.Int(0))
	if j.foreground {
		// SIGTTOU, which the terminal has for a background group that does this, is still
		// blocked (tcsetpgrp(3)). It may fail: the terminal was hung up meanwhile.
		add(syscall.SYS_GETPID, pidSlot, 0)
		add(syscall.SYS_IOCTL, child.None, child.Any, child.FD(0), child.Int(syscall.TIOCSPGRP), p.SlotPointer(pidSlot))
	}
}
