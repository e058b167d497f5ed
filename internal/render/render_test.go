package render

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"casemate/internal/child"
	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

// The list of calls and the list of numbers are one list.
func TestEveryOpHasANumber(t *testing.T) {
	seen := map[uintptr]plan.Op{}
	for _, op := range plan.Ops {
		n, ok := numbers[op]
		if !ok {
			t.Errorf("%s has no number", op)
		}
		if other, twice := seen[n]; twice {
			t.Errorf("%s and %s are number %d", op, other, n)
		}
		seen[n] = op
	}
	if len(numbers) != len(plan.Ops) {
		t.Errorf("%d numbers for %d calls", len(numbers), len(plan.Ops))
	}
}

func TestBrokenPlansAreRefused(t *testing.T) {
	seven := make([]plan.Arg, 7)
	for _, c := range []struct {
		name, want string
		step       plan.Step
	}{
		{"unknown call", "not a call of a launch", plan.Step{Op: "reboot"}},
		{"seven arguments", "with 7 arguments", plan.Step{Op: plan.Setsid, Args: seven}},
		{"errno", `errno "EPERM" is never tolerated`, plan.Step{Op: plan.Setsid, Tolerate: "EPERM"}},
		{"empty slot", `slot "x" is used before anything is in it`, plan.Step{Op: plan.Fchdir, Args: []plan.Arg{plan.Slot("x")}}},
		{"its own result", `slot "x" is used before`, plan.Step{Op: plan.Dup3, Args: []plan.Arg{plan.Slot("x")}, Save: "x"}},
		{"refusal", `a step that must fail with "EPERM"`, plan.Step{Op: plan.Setsid, Must: "EPERM"}},
		{"refusal and tolerated", `a step that must fail with "EACCES"`, plan.Step{Op: plan.Setsid, Must: "EACCES", Tolerate: "EEXIST"}},
		{"refusal with a result", `a step that must fail with "EACCES"`, plan.Step{Op: plan.Setsid, Must: "EACCES", Save: "x"}},
		{"kind", "unknown kind 99", plan.Step{Op: plan.Setsid, Args: []plan.Arg{{Kind: 99}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Plan([]plan.Step{{Op: plan.Setsid}, c.step}, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "step 1, ") {
				t.Errorf("%v", err)
			}
		})
	}
}

// As many slots as a program has, and one more.
func TestTooManySlotsAreRefused(t *testing.T) {
	var names []string
	for i := range child.MaxSlots - 1 { // the report has one
		names = append(names, fmt.Sprint(i))
	}
	if _, err := Plan(nil, names); err != nil {
		t.Error(err)
	}
	if _, err := Plan(nil, append(names, "more")); err == nil {
		t.Error("accepted")
	}
}

// A rendered program does what its steps say: slots carry results from step to step, a
// tolerated errno is none, and a failure names its step.
func TestRenderedProgramRuns(t *testing.T) {
	dir := t.TempDir()
	in, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(in)
	l := &plan.List{}
	l.Tolerate("", "EEXIST", plan.Mkdirat, plan.Slot("in"), plan.String("a"), plan.Mode(0o755))
	l.Tolerate("", "EEXIST", plan.Mkdirat, plan.Slot("in"), plan.String("a"), plan.Mode(0o755))
	l.Save("", "s", plan.Socket, plan.Num(unix.AF_UNIX), plan.Num(unix.SOCK_DGRAM|unix.SOCK_CLOEXEC), plan.Num(0))
	l.Add("", plan.Symlinkat, plan.String("target"), plan.Slot("in"), plan.String("link"))
	l.Save("", "s", plan.Dup3, plan.Slot("s"), plan.Num(200), plan.Num(unix.O_CLOEXEC))
	l.Add("", plan.Fchdir, plan.Slot("s")) // ENOTDIR
	r, err := Plan(l.Steps, []string{"in"})
	if err != nil {
		t.Fatal(err)
	}
	r.Set("in", in)
	p, err := r.Program.Start(child.Clone{Cgroup: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(p.PIDFD)
	var f *child.Failure
	if err := p.Wait(); !errors.As(err, &f) || f.Step != 5 || f.Errno != unix.ENOTDIR {
		t.Errorf("got %#v, want step 5 ENOTDIR", err)
	}
	if _, err := unix.Wait4(p.PID, nil, 0, nil); err != nil {
		t.Error(err)
	}
	if got, _ := os.Readlink(dir + "/link"); got != "target" {
		t.Errorf("the link leads to %q", got)
	}
}
