package launch

import (
	"fmt"
	"slices"
	"strings"

	"casemate/internal/plan"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// namespacesOnce: each new namespace of the policy comes about once, by the clone, by
// unshare(2) or by setns(2); the holder makes what is entered; and the user namespace is
// entered when the host's capabilities are not needed any more.
func namespacesOnce(p *plan.Plan, policy *sealed.Policy) error {
	got, twice := p.Clone.Int, uint64(0)
	for _, n := range append(ops(p, plan.Unshare), ops(p, plan.Setns)...) {
		args := p.Steps[n].Args
		flag := args[len(args)-1].Int
		if flag == 0 {
			return fmt.Errorf("%s enters anything", p.Steps[n])
		}
		twice |= got & flag
		got |= flag
	}
	want := policy.Namespaces.New
	if policy.Namespaces.Join != "" {
		want |= unix.CLONE_NEWNET
	}
	if got != want || twice != 0 {
		return fmt.Errorf("the namespaces %#x, and twice %#x, not %#x", got, twice, want)
	}
	if err := holderMakes(p); err != nil {
		return err
	}
	enter := find(p, func(s plan.Step) bool { return s.Op == plan.Setns && s.Args[1].Int == unix.CLONE_NEWUSER })
	if len(enter) == 0 {
		return nil
	}
	for _, op := range []plan.Op{plan.MoveMount, plan.PivotRoot, plan.Sethostname, plan.Prlimit64, plan.Write, plan.Fsopen} {
		if last := ops(p, op); len(last) != 0 && last[len(last)-1] > enter[0] {
			return fmt.Errorf("%s in step %d, in the user namespace", op, last[len(last)-1])
		}
	}
	for _, found := range [][]int{prctls(p, unix.PR_CAPBSET_DROP), prctls(p, unix.PR_SET_KEEPCAPS), ops(p, plan.Setgroups), ops(p, plan.Capset), prctls(p, unix.PR_SET_SECUREBITS)} {
		if len(found) != 0 && found[0] < enter[0] {
			return fmt.Errorf("step %d is undone by entering the user namespace in %d", found[0], enter[0])
		}
	}
	return nil
}

// holderMakes: what the child enters but for a joined network, in one call, after which
// nothing but the wait follows; and it has nothing open then.
func holderMakes(p *plan.Plan) error {
	var opened uint64
	for _, o := range p.Opens {
		if o.Kind == plan.Namespace {
			opened |= map[string]uint64{"net": unix.CLONE_NEWNET, "ipc": unix.CLONE_NEWIPC, "uts": unix.CLONE_NEWUTS,
				"time_for_children": unix.CLONE_NEWTIME, "user": unix.CLONE_NEWUSER}[o.Path]
		}
	}
	h := p.Holder.Steps
	if opened == 0 {
		if len(h) != 0 {
			return fmt.Errorf("a holder of nothing: %s", h)
		}
		return nil
	}
	i := slices.IndexFunc(h, func(s plan.Step) bool { return s.Op == plan.Unshare })
	if i < 2 || h[i].Args[0].Int != opened {
		return fmt.Errorf("the holder makes %s, and %#x are opened", h, opened)
	}
	var rest []string
	for _, s := range h[i+1:] {
		rest = append(rest, s.String())
	}
	if got := strings.Join(rest, " "); got != "dup3(alive, 0, 0) close_range(1, UINT_MAX, 0) read(0, {}, 1)" {
		return fmt.Errorf("the holder ends with %s", got)
	}
	if h[1].Args[0].Int != unix.PR_SET_PDEATHSIG {
		return fmt.Errorf("the holder begins with %s", h[0])
	}
	return nil
}
