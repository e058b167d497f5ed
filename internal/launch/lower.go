// Package launch lowers a sealed policy and the facts of a host to a plan, and
// holds the order table. It is a pure function: the same policy and facts give the
// same plan, on any machine, without privilege; that is how casemate plan and the
// golden files work.
//
// It must not touch the kernel. It imports the lowerers, sealed, facts, plan, and
// the pure packages apparmor and selinux.
package launch

import (
	"fmt"
	"slices"
	"strings"

	"casemate/internal/cgroup"
	"casemate/internal/exit"
	"casemate/internal/facts"
	"casemate/internal/mount"
	"casemate/internal/plan"
	"casemate/internal/sealed"
	"casemate/internal/seccomp"

	"golang.org/x/sys/unix"
)

// lowering is what the rows see.
type lowering struct {
	policy *sealed.Policy
	facts  *facts.Facts
	filter []byte
}

// usualSteps is room for the steps of a usual plan, which then need not move.
const usualSteps = 320

// Lower makes the plan, or says what the host lacks (exit.Lacking) or that the
// policy was not compiled for this machine (exit.Usage).
func Lower(p *sealed.Policy, f *facts.Facts) (*plan.Plan, error) {
	filter, err := seccomp.Pick(p, f.Arch)
	if err != nil {
		return nil, exit.Wrap(exit.Usage, err)
	}
	group, missing := cgroup.Lower(p, f)
	must, prefer := lacks(p, f)
	missing = append(missing, managerLacks(p, f)...)
	if missing = append(missing, must...); len(missing) != 0 {
		return nil, exit.Wrap(exit.Lacking, fmt.Errorf("the host lacks what the policy requires: %s", strings.Join(missing, "; ")))
	}
	c := &lowering{p, f, filter.Program}
	out := &plan.Plan{
		Service: p.Service,
		Kernel:  f.Kernel + " " + f.Arch,
		Filter:  fmt.Sprintf("%d instructions by %s", len(filter.Program)/8, filter.By),
		Lacks:   prefer,
		Cgroup:  group,
		Profile: profile(p, f),
		Holder:  holder(c),
		Opens:   slices.Concat(given(), sockets(c), namespaceOpens(p), mount.Opens(p)),
		// The cgroup namespace comes later; see the row.
		Clone: plan.Flags(p.Namespaces.New&^unix.CLONE_NEWCGROUP&^held(p), &cloneFlags),
	}
	l := &plan.List{Steps: make([]plan.Step, 0, usualSteps)}
	for _, r := range order {
		l.Begin(r.name)
		r.steps(l, c)
	}
	out.Steps = l.Steps
	return out, nil
}

// given are the descriptors that the shim has of its own accord.
func given() []plan.Open {
	return []plan.Open{
		{Slot: plan.Orders, Kind: plan.Given, Path: "a sealed memfd with init's orders"},
		{Slot: plan.Gate, Kind: plan.Given, Path: "a SOCK_SEQPACKET socket, its peer in the shim"},
		{Slot: plan.Init, Kind: plan.Given, Path: "a sealed memfd with a copy of casemate-init, which root owns and nobody else can write"},
	}
}
