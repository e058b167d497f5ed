// Package verify reads back from the kernel what a launch has really set up and
// compares it with the policy. It runs while init waits at the gate, so that nothing
// of the workload has run when a difference is found.
//
// What cannot be read counts as a difference: silence is what let the label-loss
// bugs of other launchers pass (CVE-2019-16884, CVE-2025-52881). What this kernel shows
// to nobody is known beforehand, from the facts, and stands in the receipt (unread.go).
//
//	kinds.go    the sorts of checks     unread.go   what cannot be read, and why
//	status.go   ids, capabilities       process.go  session, parent, score, personality
//	filter.go   the seccomp program     reported.go what init says of itself
//	limits.go   cgroup.go               namespaces.go, visit.go
//	program.go  what was executed       descriptors.go
//	mounts.go   the mounts              tree.go     what lies in them
//	labels.go   receipt.go
//
// The package only looks, but for visit.go, which goes and comes back. It takes what should
// be from the policy, not from the plan: a mistake of the lowering is found, too.
package verify

import (
	"fmt"
	"runtime"

	"casemate/internal/facts"
	"casemate/internal/gate"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// Check is one comparison.
type Check struct {
	Name string `json:"name"`
	From string `json:"from"` // where Got was read; see kinds
	Want string `json:"want"`
	Got  string `json:"got"`
}

// OK tells whether the kernel says what the policy wants.
func (c Check) OK() bool { return c.Want == c.Got }

// Target is the process at the gate and what it should be.
type Target struct {
	PID    int
	Proc   int // root of a procfs of the shim's PID namespace that is attached nowhere; see openProc
	Policy *sealed.Policy
	Facts  *facts.Facts
	Group  Group
	Report gate.Report // what init says of itself

	Descriptors []Descriptor        // all that init must have open
	Init        Identity            // what was to be executed
	Sources     map[string]Identity // what the copies of the host's were made of, by mount point
	Entered     map[string]string   // namespaces that were there before init, by name: "net:[4026531840]"
}

// Group is the cgroup of the launch.
type Group interface {
	Path() string // below the root of the hierarchy
	Read(file string) (string, error)
	Devices() (attached []uint32, ours uint32, err error) // device programs, by the kernel's numbers
}

// Result is what was found.
type Result struct {
	Checks []Check
	Unread []Unread
}

// Run makes every comparison. The error is for what could not be read at all. The thread is
// one for all of it: ptrace(2) and setns(2) are matters of a thread.
func Run(t Target) (Result, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := openProc(t.Proc, t.PID)
	if err != nil {
		return Result{}, err
	}
	defer p.close()
	own, err := openProc(t.Proc, unix.Getpid())
	if err != nil {
		return Result{}, err
	}
	defer own.close()
	r := &reader{proc: p, own: own, Result: Result{Checks: make([]Check, 0, usualChecks)}}
	r.status(t) // says also whether init can be stopped
	goOn := r.stop(t)
	for _, group := range [...]func(*reader, Target){
		(*reader).reported, (*reader).labels, (*reader).process, (*reader).limits, (*reader).program, (*reader).namespaces, (*reader).mapped,
		(*reader).visit, (*reader).cgroup, (*reader).mounts, (*reader).descriptors, (*reader).filter, (*reader).unread,
	} {
		group(r, t)
	}
	goOn()
	return r.Result, r.err
}

// usualChecks is room for those of a usual launch.
const usualChecks = 144

// reader collects checks; the first error of reading sticks.
type reader struct {
	Result
	proc, own *proc
	traced    string // TracerPid of init; "0" for nobody
	err       error
}

// add makes one check. An operand tells those of one kind apart.
func (r *reader) add(kind, operand, want, got string) {
	name := kind
	if operand != "" {
		name = kind + " " + operand
	}
	r.Checks = append(r.Checks, Check{name, kinds[kind], want, got})
}

func (r *reader) fail(what string, err error) {
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("read %s of init: %w", what, err)
	}
}

// Differences lists the checks that failed, in words.
func Differences(checks []Check) []string {
	var out []string
	for _, c := range checks {
		if !c.OK() {
			out = append(out, fmt.Sprintf("%s: the policy wants %q, %s says %q", c.Name, c.Want, whose(c.From), c.Got))
		}
	}
	return out
}

func whose(from string) string {
	if from == byInit {
		return "init"
	}
	return "the kernel"
}
