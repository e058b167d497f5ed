//go:build amd64

package faults

import (
	"testing"

	"casemate/tests/arena"
	"casemate/tests/trace"

	"golang.org/x/sys/unix"
)

// What must not come of a fault is called by its name.
func TestJudgementRefuses(t *testing.T) {
	own := fault{Site: trace.Site{Role: trace.Shim, Name: "openat2", Own: true, Nth: 1}, Errno: unix.EIO}
	killed := fault{Site: own.Site, Victim: trace.Shim, Signal: unix.SIGKILL}
	const said = "casemate-shim: open /x: input/output error\n"
	for _, c := range []struct {
		name string
		f    fault
		o    arena.Outcome
		kind string // "" for a complaint
	}{
		{"a success without a workload", own, arena.Outcome{}, ""},
		{"a success", own, arena.Outcome{Stdout: "{}"}, arena.Success},
		{"a bug", own, arena.Outcome{Code: 250, Stderr: "casemate-shim: BUG: x\n"}, ""},
		{"an error", own, arena.Outcome{Code: 248, Stderr: said}, arena.Clean},
		{"an error without a word", own, arena.Outcome{Code: 248}, ""},
		{"a traceback", own, arena.Outcome{Code: 248, Stderr: said + "goroutine 1 [running]:\n"}, ""},
		{"a crash", own, arena.Outcome{Code: 2, Stderr: "panic: x\n"}, ""},
		{"a death nobody has caused", own, arena.Outcome{Code: 139, Signal: 11}, ""},
		{"the workload's status of its own", own, arena.Outcome{Code: 1, Stdout: "{}"}, ""},
		{"a death that was caused", killed, arena.Outcome{Code: 137, Signal: 9}, arena.Ended},
		{"another death", killed, arena.Outcome{Code: 139, Signal: 11}, ""},
	} {
		kind, complaint := kindOf(c.f, &c.o)
		if kind != c.kind || (complaint == "") != (kind != "") {
			t.Errorf("%s: %q, %q", c.name, kind, complaint)
		}
	}
}

// Every row of the table names errnos that the call's page has besides those of all.
func TestErrnosOf(t *testing.T) {
	if _, known := errnosOf("shim", "vmsplice"); known {
		t.Error("a call that no launch makes is known")
	}
	all, known := errnosOf("shim", "unlinkat")
	if !known || len(all) < len(everywhere) {
		t.Errorf("%v %v", all, known)
	}
	for _, e := range all {
		if e == unix.ENOENT {
			t.Error("ENOENT is an answer of unlinkat's, not a failure")
		}
	}
	if all, known := errnosOf("init", "getpid"); len(all) != 0 || !known {
		t.Errorf("getpid cannot fail: %v %v", all, known)
	}
}
