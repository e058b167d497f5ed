package launch

import (
	"fmt"
	"slices"
	"strings"

	"casemate/internal/orders"
	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

// find gives the numbers of the steps that f holds for.
func find(p *plan.Plan, f func(plan.Step) bool) []int {
	var found []int
	for i, s := range p.Steps {
		if f(s) {
			found = append(found, i)
		}
	}
	return found
}

func ops(p *plan.Plan, op plan.Op) []int {
	return find(p, func(s plan.Step) bool { return s.Op == op })
}

// prctls finds the calls of prctl(2) with an option.
func prctls(p *plan.Plan, option uint64) []int {
	return find(p, func(s plan.Step) bool { return s.Op == plan.Prctl && s.Args[0].Int == option })
}

// rowsInOrder: every step belongs to a row, and rows come in the table's order.
func rowsInOrder(p *plan.Plan) error {
	rows, at := Rows(), 0
	for i, s := range p.Steps {
		n := slices.Index(rows, s.Row)
		if n < at {
			return fmt.Errorf("step %d: row %q", i, s.Row)
		}
		at = n
	}
	return nil
}

// confinementInOrder: label, ids, no_new_privs, Landlock, seccomp, exec; and exec is the end.
func confinementInOrder(p *plan.Plan) error {
	last := -1
	for _, found := range [][]int{
		ops(p, plan.Write), ops(p, plan.Setresuid), prctls(p, unix.PR_SET_SECUREBITS),
		prctls(p, unix.PR_SET_NO_NEW_PRIVS), ops(p, plan.LandlockRestrictSelf), ops(p, plan.Seccomp), ops(p, plan.Execveat),
	} {
		for _, n := range found {
			if n <= last {
				return fmt.Errorf("step %d, %s, is too early", n, p.Steps[n])
			}
			last = n
		}
	}
	for _, op := range []plan.Op{plan.Setresuid, plan.Setresgid, plan.Setgroups, plan.Seccomp, plan.Execveat} {
		if n := len(ops(p, op)); n != 1 {
			return fmt.Errorf("%d times %s", n, op)
		}
	}
	death, uid := prctls(p, unix.PR_SET_PDEATHSIG), ops(p, plan.Setresuid)[0]
	if len(death) != 2 || death[0] != 0 || death[1] < uid {
		return fmt.Errorf("the parent-death signal is set by the steps %v; the uid changes in %d", death, uid)
	}
	if last != len(p.Steps)-1 {
		return fmt.Errorf("%s comes after the exec", p.Steps[len(p.Steps)-1])
	}
	return nil
}

// privateFirst: no path is opened and nothing mounted before the tree is private.
func privateFirst(p *plan.Plan) error {
	private := ops(p, plan.Mount)
	if len(private) != 1 || p.Steps[private[0]].Args[3].Int != unix.MS_REC|unix.MS_PRIVATE {
		return fmt.Errorf("mount(2) in the steps %v", private)
	}
	for _, op := range []plan.Op{plan.Openat2, plan.OpenTree, plan.Fsopen, plan.Fsmount, plan.MoveMount, plan.MountSetattr, plan.Mkdirat, plan.Mknodat} {
		if n := ops(p, op); len(n) != 0 && n[0] < private[0] {
			return fmt.Errorf("%s in step %d, before %d", op, n[0], private[0])
		}
	}
	return nil
}

// pivotOnce: and the old root is detached at once; nothing of the host is used after.
func pivotOnce(p *plan.Plan) error {
	pivot := ops(p, plan.PivotRoot)
	if len(pivot) != 1 {
		return fmt.Errorf("pivot_root in the steps %v", pivot)
	}
	n := pivot[0]
	if got := p.Steps[n-1].String() + " " + p.Steps[n+1].String() + " " + p.Steps[n+2].String(); got != `fchdir(root) umount2(".", MNT_DETACH) chdir("/")` {
		return fmt.Errorf("around it: %s", got)
	}
	for i, s := range p.Steps[n+1:] {
		for _, a := range s.Args {
			if a.Kind == plan.KindSlot && (strings.HasPrefix(a.Text, "mount:") || a.Text == plan.Root || a.Text == "anchor" || a.Text == "mask" || a.Text == "cover") {
				return fmt.Errorf("step %d uses %s", n+1+i, a.Text)
			}
		}
	}
	return nil
}

// closedAfterUse: of what is used afterwards only four were there before. What rules of
// Landlock are made of is closed again, from the number above the ruleset's.
func closedAfterUse(p *plan.Plan) error {
	found, first := ops(p, plan.CloseRange), lowestFree(p)
	if len(found) == 2 && p.Steps[found[1]].Row == "landlock rules" && p.Steps[found[1]].Args[0].Int == first+1 {
		found = found[:1]
	}
	if len(found) != 1 {
		return fmt.Errorf("close_range in the steps %v", found)
	}
	n := found[0]
	fresh := map[string]bool{plan.Report: true, plan.Init: true, plan.NamespaceSlot(plan.UserNS): first == 8}
	if s := p.Steps[n]; s.Args[0].Int != first || s.Args[1].Int != 1<<32-1 || s.Args[2].Int != 0 {
		return fmt.Errorf("%s", s)
	}
	for i, s := range p.Steps[n+1:] {
		for _, a := range s.Args {
			if a.Kind == plan.KindSlot && !fresh[a.Text] {
				return fmt.Errorf("step %d uses %s, which is closed", n+1+i, a.Text)
			}
		}
		if s.Save != "" {
			fresh[s.Save] = true
		}
	}
	return nil
}

// lowestFree is the lowest number that no descriptor has after the close; a user namespace
// that is to be entered has one.
func lowestFree(p *plan.Plan) uint64 {
	if slices.ContainsFunc(p.Opens, func(o plan.Open) bool { return o.Slot == plan.NamespaceSlot(plan.UserNS) }) {
		return 8
	}
	return 7
}

// slotsFilled: nothing is read that was not saved or given.
func slotsFilled(p *plan.Plan) error {
	full := map[string]bool{plan.Report: true}
	for _, o := range p.Opens {
		if full[o.Slot] {
			return fmt.Errorf("%s is opened twice", o.Slot)
		}
		full[o.Slot] = true
	}
	for i, s := range p.Steps {
		for _, a := range s.Args {
			if a.Kind == plan.KindSlot && !full[a.Text] {
				return fmt.Errorf("step %d: %s", i, a.Text)
			}
		}
		if s.Save != "" {
			full[s.Save] = true
		}
	}
	return nil
}

// fixedDescriptors: init finds its orders and its gate where internal/orders says, and
// all four are moved before anything else is opened.
func fixedDescriptors(p *plan.Plan) error {
	want := map[string]uint64{plan.Orders: orders.FD, plan.Gate: orders.GateFD, plan.Init: 5, plan.Report: 6}
	if lowestFree(p) == 8 {
		want[plan.NamespaceSlot(plan.UserNS)] = 7
	}
	for _, n := range ops(p, plan.Dup3) {
		s := p.Steps[n]
		if s.Row == "landlock rules" {
			continue // domainShown
		}
		name := s.Args[0].Text
		if s.Args[1].Int != want[name] || s.Save != name {
			return fmt.Errorf("%s", s)
		}
		if keeps := name == plan.Orders || name == plan.Gate; keeps != (s.Args[2].Int == 0) {
			return fmt.Errorf("%s: close-on-exec", s)
		}
		delete(want, name)
		if first := find(p, func(s plan.Step) bool { return s.Save != "" && s.Op != plan.Dup3 })[0]; first < n {
			return fmt.Errorf("%s comes after step %d has opened something", s, first)
		}
	}
	if len(want) != 0 {
		return fmt.Errorf("not moved: %v", want)
	}
	return nil
}
