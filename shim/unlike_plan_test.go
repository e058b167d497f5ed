package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

const addrNoRandomize = 0x0040000 // linux/personality.h

func nothing(*launched) {}

// at finds the first step with a text in it.
func at(l *launched, text string) int {
	n := slices.IndexFunc(l.plan.Steps, func(s plan.Step) bool { return strings.Contains(s.String(), text) })
	if n < 0 {
		panic(fmt.Sprintf("no step has %q", text))
	}
	return n
}

func step(op plan.Op, args ...plan.Arg) plan.Step { return plan.Step{Op: op, Args: args} }

// drop removes steps, each the first with its text behind the one before.
func drop(l *launched, texts ...string) {
	from := 0
	for _, text := range texts {
		n := slices.IndexFunc(l.plan.Steps[from:], func(s plan.Step) bool { return strings.Contains(s.String(), text) })
		if n < 0 {
			panic(fmt.Sprintf("no step behind %d has %q", from, text))
		}
		from += n
		l.plan.Steps = slices.Delete(l.plan.Steps, from, from+1)
	}
}

// add inserts steps behind one.
func add(l *launched, text string, steps ...plan.Step) {
	l.plan.Steps = slices.Insert(l.plan.Steps, at(l, text)+1, steps...)
}

// set replaces the arguments of a step, instead one of them.
func set(l *launched, text string, args ...plan.Arg) { l.plan.Steps[at(l, text)].Args = args }

func instead(l *launched, text string, n int, arg plan.Arg) {
	args := slices.Clone(l.plan.Steps[at(l, text)].Args)
	args[n] = arg
	set(l, text, args...)
}

func ids(l *launched, op plan.Op) {
	set(l, string(op)+"(", plan.Num(77), plan.Num(77), plan.Num(77))
}

// inheritable adds CAP_CHOWN to the inheritable set, and to no other.
func inheritable(l *launched) {
	for i, s := range l.plan.Steps {
		if s.Op == plan.Capset {
			data := slices.Clone(s.Args[1].Data) // effective, permitted, inheritable, of four bytes each
			data[8] |= 1 << unix.CAP_CHOWN
			l.plan.Steps[i].Args = []plan.Arg{s.Args[0], plan.Bytes("", data)}
		}
	}
}

// filterEarly installs the filter while CAP_SYS_ADMIN is there, and no_new_privs not at all.
func filterEarly(l *launched) {
	filter := l.plan.Steps[at(l, "seccomp(")]
	drop(l, "PR_SET_NO_NEW_PRIVS", "seccomp(")
	add(l, "close_range(", filter)
}

// opens opens a path of the host, before the pivot.
func opens(file string, flags uint64, save string) plan.Step {
	how := make([]byte, 24) // struct open_how
	for i := range 8 {
		how[i] = byte(flags >> (8 * i))
	}
	cwd := int64(unix.AT_FDCWD)
	return plan.Step{Op: plan.Openat2, Args: []plan.Arg{plan.Num(uint64(cwd)), plan.String(file), plan.Bytes("", how), plan.Num(24)}, Save: save}
}

// leaveCgroup goes back into the shim's.
func leaveCgroup(l *launched) {
	c := l.facts.Cgroup
	add(l, "unshare(", opens(path.Join(c.Mount, c.Own, "cgroup.procs"), unix.O_WRONLY, "procs"),
		step(plan.Write, plan.Slot("procs"), plan.Bytes("", []byte("0")), plan.Num(1)))
}

// exchange attaches each of two copies of the host's at the other's place.
func exchange(l *launched) {
	one, two := at(l, "move_mount(mount:/data"), at(l, "move_mount(mount:/more")
	instead(l, "move_mount(mount:/data", 0, plan.Slot("mount:/more"))
	args := slices.Clone(l.plan.Steps[two].Args)
	args[0] = plan.Slot("mount:/data")
	l.plan.Steps[max(one, two)].Args = args
}

func remount(path string, flags uint64) plan.Step {
	return step(plan.Mount, plan.Null(), plan.String(path), plan.Null(), plan.Num(flags), plan.Null())
}

func tmpfsAt(path string) plan.Step {
	return step(plan.Mount, plan.String("tmpfs"), plan.String(path), plan.String("tmpfs"), plan.Num(0), plan.Null())
}
