package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"casemate/internal/child"
	"casemate/internal/exit"
	"casemate/internal/facts"
	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

// A failed step is told with its operands, its errno, what can be done, and the line of
// the policy.
func TestExplain(t *testing.T) {
	step := func(op plan.Op, at string) plan.Step {
		return plan.Step{Row: "mounts", Op: op, Args: []plan.Arg{plan.Slot("root")}, At: at}
	}
	l := &launched{plan: &plan.Plan{Steps: []plan.Step{
		step(plan.Openat2, "p:1"), step(plan.MoveMount, "default"), step(plan.PivotRoot, ""), step(plan.Prlimit64, "p:4"), step(plan.Setsid, ""),
		step(plan.Execveat, ""),
	}}}
	for _, c := range []struct {
		step  int
		errno unix.Errno
		want  string
	}{
		{0, unix.ENOENT, "step 0 (mounts): openat2(root): no such file or directory; the mount point or masked path must exist in the root (p:1)"},
		{0, unix.ELOOP, "step 0 (mounts): openat2(root): too many levels of symbolic links; a symbolic link lies on the way, name the real path (p:1)"},
		{0, unix.EXDEV, "step 0 (mounts): openat2(root): invalid cross-device link; the path crosses into another mount (p:1)"},
		{0, unix.EACCES, "step 0 (mounts): openat2(root): permission denied (p:1)"},
		{1, unix.ENOTDIR, "step 1 (mounts): move_mount(root): not a directory; one of the two is a directory and the other is not"},
		{2, unix.EINVAL, "step 2 (mounts): pivot_root(root): invalid argument; the host still runs from its initramfs, whose root cannot be pivoted"},
		{3, unix.EPERM, "step 3 (mounts): prlimit64(root): operation not permitted; the shim's own hard limit is lower and it lacks CAP_SYS_RESOURCE (p:4)"},
		{4, unix.EPERM, "step 4 (mounts): setsid(root): operation not permitted"},
		{5, unix.ENOEXEC, "step 5 (mounts): execveat(root): exec format error; the init is no program of this machine"},
	} {
		err := l.explain(&child.Failure{Step: c.step, Errno: c.errno})
		if err.Error() != c.want || !errors.Is(err, c.errno) {
			t.Errorf("%v", err)
		}
	}
	if err := l.explain(&child.Failure{Step: 6, Errno: unix.EPERM}); exit.CodeOf(err) != exit.Bug {
		t.Errorf("a step that is not there: %v", err)
	}
	if plain := errors.New("plain"); l.explain(plain) != plain {
		t.Error("another error is changed")
	}
}

func TestProbe(t *testing.T) {
	needRoot(t)
	var b bytes.Buffer
	if err := probe(&b, nil, facts.Manager{}); err != nil || !strings.Contains(b.String(), `"cap_last_cap"`) {
		t.Errorf("%v: %s", err, b.String())
	}
	if err := probe(&b, []string{"/nonexistent"}, facts.Manager{}); exit.CodeOf(err) != exit.Usage {
		t.Errorf("%v", err)
	}
}
