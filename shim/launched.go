package main

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"time"

	"casemate/internal/child"
	"casemate/internal/exit"
	"casemate/internal/facts"
	"casemate/internal/holder"
	"casemate/internal/plan"
	"casemate/internal/prepare"
	"casemate/internal/render"
	"casemate/internal/sealed"
	"casemate/internal/verify"
	"casemate/shim/supervise"

	"golang.org/x/sys/unix"
)

// launched is a launch under way, with all that has to be undone.
type launched struct {
	options
	file  *sealed.File
	facts *facts.Facts
	view  facts.View // until the release; after an error the end of the process closes it
	plan  *plan.Plan

	state  *prepare.State
	group  *prepare.Group
	fds    map[string]int // by slot, until the child has them
	gate   int
	should verify.Target // what is known of init before it is there
	notify int           // our end of the workload's NOTIFY_SOCKET; -1 for none
	proc   *supervise.Process

	released time.Time
}

// run launches, verifies, releases and supervises.
func (l *launched) run(signals *supervise.Signals) (int, error) {
	if l.file.Policy.Exec.TTY {
		if err := giveUpTerminal(); err != nil {
			return 0, err
		}
	}
	rendered, err := l.prepare()
	if err != nil {
		return 0, err
	}
	started, err := rendered.Program.Start(child.Clone{Flags: l.plan.Clone.Int, Cgroup: l.group.FD()})
	l.closeSlots()
	if err != nil {
		return 0, fmt.Errorf("clone3(%s): %w", l.plan.Clone, err)
	}
	l.proc = supervise.New(started, l.gate, signals, time.Duration(l.file.Policy.Signals.Grace)*time.Millisecond)
	l.proc.Keep(l.contract())
	if err := l.proc.AwaitExec(); err != nil {
		return 0, l.explain(err)
	}
	report, err := l.proc.AwaitReady()
	if err != nil {
		return 0, err
	}
	found, err := l.verify(report)
	if err != nil {
		return 0, err
	}
	full, err := l.proc.Shield(l.view.Proc())
	if err != nil {
		return 0, err
	}
	if !full {
		l.plan.Lacks = append(l.plan.Lacks, supervise.NoShield)
	}
	if full, err = l.proc.Hurry(); err != nil {
		return 0, exit.Wrap(exit.Unlike, err)
	}
	if !full {
		l.plan.Lacks = append(l.plan.Lacks, supervise.NoHurry)
	}
	if err := l.proc.Release(); err != nil {
		return 0, err
	}
	l.released = time.Now()
	// The comparison is made. To put it on record, and to give up the file systems it was
	// made through, which takes 100 us, need not keep the workload waiting.
	l.view.Close()
	if err := l.record(found); err != nil {
		return 0, err
	}
	return l.proc.Supervise()
}

// prepare does the parent's part of the plan and renders the child's.
func (l *launched) prepare() (*render.Rendered, error) {
	var err error
	if l.state, err = prepare.NewState(l.options.state, l.plan.Service); err != nil {
		return nil, err
	}
	if err := l.state.Record(l.facts.Cgroup, l.plan.Cgroup.Name); err != nil {
		l.state.GiveUp() // what could not be removed is still recorded
		l.state = nil
		return nil, err
	}
	if left := l.state.Left(); left.Receipt != nil {
		if err := l.state.KeepEnd(lost(l.plan.Service, left)); err != nil {
			return nil, err
		}
	}
	if err = prepare.Profile(l.plan.Profile); err != nil {
		return nil, exit.Wrap(exit.Lacking, fmt.Errorf("%w%s", err, place(l.plan.Profile.At)))
	}
	if l.group, err = prepare.NewGroup(l.facts.Cgroup, l.plan.Cgroup); err != nil {
		return nil, err
	}
	held, err := holder.Make(l.plan, l.view.Proc())
	if err != nil {
		return nil, err
	}
	maps.Copy(l.fds, held)
	names := make([]string, 0, len(l.plan.Opens))
	for _, o := range l.plan.Opens {
		names = append(names, o.Slot)
		if o.Kind == plan.Namespace {
			continue
		}
		if l.fds[o.Slot], err = l.open(o); err != nil {
			return nil, fmt.Errorf("%w%s", err, place(o.At))
		}
	}
	rendered, err := render.Plan(l.plan.Steps, names)
	if err != nil {
		return nil, exit.Wrap(exit.Bug, err)
	}
	for slot, fd := range l.fds {
		rendered.Set(slot, fd)
	}
	return rendered, l.expect()
}

// open provides the descriptor of one slot.
func (l *launched) open(o plan.Open) (int, error) {
	switch o.Kind {
	case plan.Listen:
		return prepare.Listen(o.N)
	case plan.Secrets:
		return l.secrets()
	case plan.Image:
		return l.mapped(o, l.state.Image)
	case plan.Notify:
		ours, tree, err := l.state.Notify()
		l.notify = ours
		return tree, err
	case plan.Join:
		return prepare.Network(o, l.view.Proc())
	}
	switch o.Slot {
	case plan.Orders:
		return prepare.Orders(l.orders())
	case plan.Gate:
		ours, inits, err := prepare.Gate()
		l.gate = ours
		return inits, err
	case plan.Init:
		return l.openInit()
	}
	return l.mapped(o, prepare.Tree)
}

// mapped opens a mount, and maps its owners where the policy says so.
func (l *launched) mapped(o plan.Open, open func(plan.Open) (int, error)) (int, error) {
	tree, err := open(o)
	if err != nil || !o.IDMap {
		return tree, err
	}
	if err := prepare.MapIDs(tree, l.fds[plan.NamespaceSlot(plan.UserNS)], o); err != nil {
		unix.Close(tree)
		return -1, err
	}
	return tree, nil
}

// inPlace is what the receipt says where init has no copy of its own.
const inPlace = "init is the host's file, not a private copy (-init-in-place)"

// openInit is the descriptor that the plan executes.
func (l *launched) openInit() (int, error) {
	if l.options.inPlace {
		l.plan.Lacks = append(l.plan.Lacks, inPlace)
		return prepare.OpenInit(l.options.init)
	}
	fd, err := prepare.Init(l.options.init, l.facts.SELinux.Enabled)
	if errors.Is(err, prepare.ErrNoExec) {
		err = exit.Wrap(exit.Lacking, err)
	}
	return fd, err
}

// explain turns a failed step into words: the step, its operands, the errno, the
// line of the policy.
func (l *launched) explain(err error) error {
	var f *child.Failure
	if !errors.As(err, &f) {
		return err
	}
	if f.Step >= len(l.plan.Steps) {
		return exit.Wrap(exit.Bug, fmt.Errorf("step %d of %d: %w", f.Step, len(l.plan.Steps), f))
	}
	s := l.plan.Steps[f.Step]
	if f.Errno == 0 {
		return fmt.Errorf("step %d (%s): %s: it succeeded: what the row sets up is not in force%s", f.Step, s.Row, s, place(s.At))
	}
	return fmt.Errorf("step %d (%s): %s: %w%s%s", f.Step, s.Row, s, f.Errno, hint(s, f.Errno), place(s.At))
}

// hint says what a person can do about the commonest failures.
func hint(s plan.Step, errno unix.Errno) string {
	switch {
	case s.Op == plan.Openat2 && errno == unix.ENOENT:
		return "; the mount point or masked path must exist in the root"
	case s.Op == plan.Openat2 && errno == unix.ELOOP:
		return "; a symbolic link lies on the way, name the real path"
	case s.Op == plan.Openat2 && errno == unix.EXDEV:
		return "; the path crosses into another mount"
	case s.Op == plan.MoveMount && errno == unix.ENOTDIR:
		return "; one of the two is a directory and the other is not"
	case s.Op == plan.PivotRoot && errno == unix.EINVAL:
		return "; the host still runs from its initramfs, whose root cannot be pivoted"
	case s.Op == plan.Ioctl && s.Row == "terminal" && errno == unix.EPERM:
		return "; " + notOurs
	case s.Op == plan.Write && s.Row == "keyring" && errno == unix.EACCES:
		return "; the SELinux policy does not let the shim's domain make a keyring of this one"
	case s.Op == plan.Execveat && errno == unix.ENOEXEC:
		return "; the init is no program of this machine"
	case s.Op == plan.Execveat && s.At != "" && (errno == unix.EACCES || errno == unix.EPERM):
		return "; the SELinux policy does not let the shim's domain change to this one by init, under no_new_privs"
	case s.Op == plan.Prlimit64 && errno == unix.EPERM:
		return "; the shim's own hard limit is lower and it lacks CAP_SYS_RESOURCE"
	}
	return ""
}

func place(at string) string {
	if at == "" || at == "default" {
		return ""
	}
	return " (" + at + ")"
}

func (l *launched) closeSlots() {
	runtime.KeepAlive(l.fds)
	for _, fd := range l.fds {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
	clear(l.fds)
}

// cleanup undoes everything, in reverse. It goes on after an error: each thing that
// can be removed is removed, and all that could not be is said.
func (l *launched) cleanup() error {
	var errs []error
	if l.proc != nil {
		errs = append(errs, l.proc.Kill())
	}
	l.closeSlots()
	if l.group != nil {
		if err := l.group.Remove(); err != nil {
			l.state.Close() // the record in it leads casemate-shim recover to the cgroup
			return errors.Join(append(errs, err)...)
		}
	}
	if l.state != nil {
		errs = append(errs, l.state.Remove())
	}
	return errors.Join(errs...)
}
