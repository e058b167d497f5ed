package main

import "syscall"

// tells tells whether anything is to be said.
func (j *job) tells() bool { return j.verbosity >= talking || j.warn }

// report says what happens, to who has asked for it with -v, -vv or -w. Nothing is allocated.
func (j *job) report(m *machine, e event, a action) {
	if !j.tells() {
		return
	}
	switch main := e.pid == m.main && m.main != 0; {
	case e.kind == reaped && !main && (j.warn && j.verbosity >= usual || j.verbosity >= tracing):
		sayNumber("reaped orphan ", int(e.pid), "")
	case e.kind == reaped && main && e.status.Signaled() && j.verbosity >= talking:
		sayNumber("the main child was ended by signal ", int(e.status.Signal()), "")
	case e.kind == reaped && main && j.verbosity >= talking:
		sayNumber("the main child exited with status ", e.status.ExitStatus(), "")
	case e.kind == spawned && j.verbosity >= talking:
		sayNumber("started the main child, process ", int(e.pid), ": ", j.path)
	case j.verbosity < tracing || e.kind != caught || e.signal == int32(syscall.SIGCHLD) || m.own(e):
	case a.kind == send:
		sayNumber("got signal ", int(e.signal), "")
		sayNumber("sent signal ", int(a.signal), [...]string{" to the main child", " to its group", " to all"}[a.to])
	case a.kind == wait:
		sayNumber("got signal ", int(e.signal), ", which is not passed on")
	}
	if a.kind == send && e.kind == drained && j.verbosity >= talking {
		say("told those who are left to stop")
	}
}

// sayNumber says a line with a number in it.
func sayNumber(before string, n int, after ...string) {
	var digits [20]byte
	at := len(digits)
	for first := true; first || n > 0; first = false {
		at--
		digits[at] = byte('0' + n%10)
		n /= 10
	}
	end := put(put(0, "casemate-init: "), before)
	end += copy(line[end:], digits[at:])
	for _, part := range after {
		end = put(end, part)
	}
	flush(end)
}
