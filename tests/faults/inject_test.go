//go:build amd64

package faults

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"casemate/tests/arena"
	"casemate/tests/trace"

	"golang.org/x/sys/unix"
)

// fault is one fault at one place of a launch.
type fault struct {
	Policy string
	Site   trace.Site
	Errno  unix.Errno // the call is answered with it
	Lie    bool       // or it is said to have been made, with the result that it had
	Result int64
	Victim string      // or a process, by its role, gets
	Signal unix.Signal // a signal,
	After  bool        // behind the call
	Storm  bool        // signals all the time
}

func (f fault) String() string {
	text := fmt.Sprintf("%s: %s", f.Policy, f.Site)
	switch {
	case f.Errno != 0:
		return text + ": " + unix.ErrnoName(f.Errno)
	case f.Lie:
		return fmt.Sprintf("%s: not made, but %d", text, f.Result)
	}
	when := "before"
	if f.After {
		when = "after"
	}
	return fmt.Sprintf("%s: %s gets %s %s it", text, f.Victim, unix.SignalName(f.Signal), when)
}

// budget is the time of a launch, however slow the machine. The shim waits longer, for what
// only waits.
const budget = 20 * time.Second

// inject is one launch with one fault.
func inject(w *arena.Worker, f fault) (arena.Result, error) {
	want, err := w.Want(f.Policy)
	if err != nil {
		return arena.Result{}, err
	}
	reached := arm(w.Tracer, f)
	o, err := w.Run(f.Policy, true)
	if err != nil {
		return arena.Result{}, err
	}
	r, err := judge(w, f, o, want)
	r.Took = o.Took
	if r.Kind == arena.Failure { // the next fault is to find nothing of this one
		if err := w.Clean(); err != nil {
			return r, err
		}
	}
	if err == nil && r.Kind != arena.Failure && !*reached {
		r.Kind = arena.Missed
	}
	return r, err
}

// arm tells the tracer what to do where.
func arm(t *trace.Tracer, f fault) (reached *bool) {
	reached = new(bool)
	at := func(c *trace.Call) bool {
		if *reached || c.Site() != f.Site {
			return false
		}
		*reached = true
		t.Release()
		if f.Signal != 0 {
			if pid := t.PID(f.Victim); pid != 0 {
				unix.Kill(pid, f.Signal)
			}
		}
		return true
	}
	t.Follow = func(role string) bool { return role == f.Site.Role }
	t.Entry = func(c *trace.Call) trace.Verdict {
		if f.After || !at(c) {
			return trace.Verdict{}
		}
		switch {
		case f.Errno != 0:
			return trace.Deny(c.Name, f.Errno)
		case f.Lie:
			return trace.Lie(f.Result)
		}
		return trace.Verdict{}
	}
	t.Exit = func(c *trace.Call) {
		if f.After {
			at(c)
		}
	}
	return reached
}

// judge says what has come of a launch.
func judge(w *arena.Worker, f fault, o *arena.Outcome, want string) (arena.Result, error) {
	if o.Hung != "" || o.Took > budget && !f.Lie {
		return arena.Fail("hung: %s", o)
	}
	if o.Reported() {
		got, err := arena.Attest(o.Stdout)
		if err != nil {
			return arena.Fail("%v", err)
		}
		if f.Storm { // a thread of the probe's that is in a handler blocks them all
			want, got = blocked.ReplaceAllString(want, ""), blocked.ReplaceAllString(got, "")
		}
		if got != want {
			return arena.Fail("the workload ran with another confinement:\n%s\n%s", arena.Difference(want, got), o)
		}
	}
	kind, complaint := kindOf(f, o)
	if complaint != "" {
		return arena.Fail("%s: %s", complaint, o)
	}
	shimDied := o.Signal != 0 || early(o) || !f.Site.Own && f.Site.Role == trace.Shim
	look := w.Left
	if shimDied { // and what is left by then stays
		look = w.LeftNow
	}
	left, err := look()
	if left == "" || err != nil {
		return arena.Result{Kind: kind, Text: o.Stderr}, err
	}
	after, err := recovered(w, f)
	if err != nil || after != "" {
		return arena.Fail("left behind: %s; after a recovery: %s, %v\n%s", left, after, err, o)
	}
	if !shimDied && !strings.Contains(o.Stderr, "casemate-shim: cleaning up: ") {
		return arena.Fail("left behind without a word: %s\n%s", left, o)
	}
	return arena.Result{Kind: kind, Text: o.Stderr}, nil
}

var blocked = regexp.MustCompile(`"SigBlk": .*`)

// kindOf is what the shim's end says.
func kindOf(f fault, o *arena.Outcome) (kind, complaint string) {
	switch {
	case o.Code == 0 && o.Stdout == "":
		return "", "it says success and the workload did not run"
	case o.Code == 0:
		return arena.Success, ""
	case f.Signal != 0 && (o.Code == 128+int(f.Signal) || early(o)):
		return arena.Ended, ""
	// 126: the workload cannot be executed, for want of its directory, or of a rule that was
	// said to be there.
	case (o.Code >= 246 && o.Code <= 249 || o.Code == 126 && (f.Site.Role == trace.Spawn || f.Lie)) && arena.Spoken(o.Stderr):
		return arena.Clean, ""
	case !f.Site.Own:
		return arena.Ended, ""
	case f.Lie && o.Code == 250 && strings.Contains(o.Stderr, "BUG: "): // as if a step were missing
		return arena.Clean, ""
	}
	return "", "no documented end"
}

// early is the status of a Go runtime that was about to die of a signal when the shim put
// handlers of its own in place.
func early(o *arena.Outcome) bool { return o.Code == 2 && o.Stdout == "" && o.Stderr == "" }

// recovered removes what a killed shim has left: by casemate-shim recover, or, of every other
// place, by the next launch of the service. It gives what is left then.
func recovered(w *arena.Worker, f fault) (left string, err error) {
	var o *arena.Outcome
	if f.Site.Nth%2 == 0 {
		o, err = w.Recover()
	} else {
		o, err = w.Run(f.Policy, false)
	}
	if err != nil {
		return "", err
	}
	if o.Code != 0 || o.Hung != "" {
		return fmt.Sprintf("and recovery fails: %s", o), nil
	}
	return w.Left()
}
