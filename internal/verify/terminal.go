package verify

import (
	"bytes"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// terminal compares the session and its terminal, where the policy asks for one, with
// fields 6 and 7 of proc_pid_stat(5): init leads a session of its own, and the terminal is
// that of descriptor 0, which is the shim's too.
func (r *reader) terminal(t Target) {
	if !t.Policy.Exec.TTY {
		return
	}
	text, err := r.proc.read("stat")
	r.fail("stat", err)
	var st unix.Stat_t
	r.fail("descriptor 0", unix.Fstat(0, &st))
	var state string
	var parent, group, session, tty int
	if _, err := fmt.Sscan(string(text[bytes.LastIndexByte(text, ')')+1:]), &state, &parent, &group, &session, &tty); err != nil {
		r.fail("stat", err)
	}
	r.add("session", strconv.Itoa(t.PID), strconv.Itoa(session))
	r.add("terminal", strconv.Itoa(ttyNumber(st.Rdev)), strconv.Itoa(tty))
}

// ttyNumber is how proc_pid_stat(5) writes a device: the minor in bits 31 to 20 and 7 to 0,
// the major in bits 15 to 8.
func ttyNumber(dev uint64) int {
	major, minor := unix.Major(dev), unix.Minor(dev)
	return int(int32(minor&0xff | major<<8 | minor&^0xff<<12))
}
