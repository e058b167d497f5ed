package verify

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"casemate/internal/facts"
	"casemate/internal/sys"

	"golang.org/x/sys/unix"
)

// process compares init's place among processes and what of a process the launch sets: it
// leads a session and a process group of its own, and has no terminal
// but the one that the policy gives it, that of descriptor 0, which is the shim's too.
func (r *reader) process(t Target) {
	text, err := r.proc.read("stat")
	r.fail("stat", err)
	s, err := parseStat(text)
	r.fail("stat", err)
	self := strconv.Itoa(t.PID)
	r.add("process group", "", self, strconv.Itoa(s.group))
	r.add("session", "", self, strconv.Itoa(s.session))
	tty := 0
	if t.Policy.Exec.TTY {
		var st unix.Stat_t
		r.fail("descriptor 0", unix.Fstat(0, &st))
		tty = ttyNumber(st.Rdev)
	}
	r.add("terminal", "", strconv.Itoa(tty), strconv.Itoa(s.terminal))
	r.add("personality", "", "00000000", r.line("personality"))
	r.add("oom_score_adj", "", r.score(t), r.line("oom_score_adj"))
	if t.Policy.Exec.Core && t.Facts.Process.CoreScheduling == facts.CoreShared {
		r.core(t)
	}
}

// core compares the cookies of core scheduling: init has one, and not the shim's.
func (r *reader) core(t Target) {
	theirs, err := sys.CoreCookie(t.PID)
	r.fail("core scheduling", err)
	ours, err := sys.CoreCookie(0)
	r.fail("core scheduling", err)
	got := "its own"
	if theirs == 0 || theirs == ours {
		got = "shared"
	}
	r.add("core scheduling", "", "its own", got)
}

// score is the policy's oom_score_adj, or the shim's own, which init inherits.
func (r *reader) score(t Target) string {
	if t.Policy.Exec.SetOOM {
		return strconv.Itoa(int(t.Policy.Exec.OOMScore))
	}
	b, err := r.own.read("oom_score_adj")
	r.fail("oom_score_adj", err)
	return string(bytes.TrimSpace(b))
}

// line reads a file of one line.
func (r *reader) line(name string) string {
	b, err := r.proc.read(name)
	r.fail(name, err)
	return string(bytes.TrimSpace(b))
}

// statistics are fields 5 to 7 of proc_pid_stat(5).
type statistics struct{ group, session, terminal int }

// parseStat reads them behind the name, which may hold anything, parentheses too.
func parseStat(text []byte) (s statistics, err error) {
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 5 {
		return s, errors.New("too few fields")
	}
	for i, to := range [...]*int{&s.group, &s.session, &s.terminal} {
		if *to, err = strconv.Atoi(fields[2+i]); err != nil {
			return s, err
		}
	}
	return s, nil
}

// ttyNumber is how proc_pid_stat(5) writes a device: the minor in bits 31 to 20 and 7 to 0,
// the major in bits 15 to 8.
func ttyNumber(dev uint64) int {
	major, minor := unix.Major(dev), unix.Minor(dev)
	return int(int32(minor&0xff | major<<8 | minor&^0xff<<12))
}
