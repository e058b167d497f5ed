package launch

import (
	"fmt"

	"casemate/internal/caps"
	"casemate/internal/facts"
	"casemate/internal/plan"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// A user namespace is entered, not made, by the child. The child's mounts are those of the
// host's root: in a mount namespace that a user namespace owned, the kernel would refuse
// device nodes, a sysfs or a procfs over what the host has covered, and the root's own
// flags could not be chosen. But the namespaces in which the workload's capabilities are to
// count have to belong to the user namespace, and so must be made by somebody in it: the
// holder, a process of the parent's that is gone before the child begins. A time namespace
// needs one too, because its offsets are fixed when the first process is in it
// (time_namespaces(7)).

func hasUser(p *sealed.Policy) bool { return p.Namespaces.New&unix.CLONE_NEWUSER != 0 }

// enterable are the namespaces that the child enters, in this order, but for the user
// namespace, which has a row of its own.
var enterable = []struct {
	flag uint64
	name string
}{{unix.CLONE_NEWNET, plan.NetNS}, {unix.CLONE_NEWIPC, plan.IPCNS}, {unix.CLONE_NEWUTS, plan.UTSNS}, {unix.CLONE_NEWTIME, plan.TimeNS}} // the holder itself stays in the host's

// held are those of the policy's new namespaces that the holder makes. The PID namespace
// stays the child's, and the host's to administer: nothing of a workload needs it.
func held(p *sealed.Policy) uint64 {
	const withUser = unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS
	h := p.Namespaces.New & unix.CLONE_NEWTIME
	if hasUser(p) {
		h |= p.Namespaces.New & withUser
	}
	return h
}

// counted are the limits that a user namespace takes over from who makes it, as bounds for
// all of its processes together and for what its owner, the host's root, has elsewhere
// (create_user_ns, set_userns_rlimit_max; Linux 5.14). The limits of each process are the
// policy's.
var counted = [...]uint32{unix.RLIMIT_NPROC, unix.RLIMIT_MEMLOCK, rlimitSigpending, rlimitMsgqueue}

// getrlimit(2); x/sys does not have them.
const rlimitSigpending, rlimitMsgqueue = 11, 12

// holder are the steps of the holder. It waits in a read from a pipe: should the parent
// die before the signal for that is set, the read ends, and the holder with it.
func holder(c *lowering) plan.Holder {
	flags, n := held(c.policy), &c.policy.Namespaces
	if flags == 0 {
		return plan.Holder{}
	}
	l := &plan.List{}
	guardAgain(l, c)
	if hasUser(c.policy) && hasResource(c.facts) {
		for _, r := range counted {
			setLimit(l, sealed.Rlimit{Resource: r, Soft: ^uint64(0), Hard: ^uint64(0)})
		}
	}
	l.Add(n.At, plan.Unshare, plan.Flags(flags, &cloneFlags))
	l.Add("", plan.Dup3, plan.Slot(plan.Alive), plan.Num(0), plan.Num(0))
	l.Add("", plan.CloseRange, plan.Num(1), plan.Named(uint64(^uint32(0)), "UINT_MAX"), plan.Num(0))
	l.Add("", plan.Read, plan.Num(0), plan.Bytes("{}", make([]byte, 1)), plan.Num(1))
	return plan.Holder{Steps: l.Steps, Files: holderFiles(n)}
}

// holderFiles are the maps and offsets. setgroups stays allowed: who writes the maps is
// privileged, and groups that are not in them cannot be taken (user_namespaces(7)).
func holderFiles(n *sealed.Namespaces) (files []plan.File) {
	if len(n.UIDs) != 0 {
		files = append(files, plan.File{Name: "uid_map", Value: sealed.MapText(n.UIDs), At: n.UIDs[0].At},
			plan.File{Name: "gid_map", Value: sealed.MapText(n.GIDs), At: n.GIDs[0].At})
	}
	if n.New&unix.CLONE_NEWTIME != 0 {
		files = append(files, plan.File{Name: "timens_offsets", Value: n.Clocks.Text(), At: n.At})
	}
	return files
}

// namespaceOpens are the namespaces that the child gets as descriptors.
func namespaceOpens(p *sealed.Policy) (opens []plan.Open) {
	n := &p.Namespaces
	add := func(name string) {
		opens = append(opens, plan.Open{Slot: plan.NamespaceSlot(name), Kind: plan.Namespace, Path: name, At: n.At})
	}
	if hasUser(p) {
		add(plan.UserNS)
	}
	for _, e := range enterable {
		if held(p)&e.flag != 0 {
			add(e.name)
		}
	}
	if n.Join != "" {
		opens = append(opens, plan.Open{Slot: plan.NamespaceSlot(plan.NetNS), Kind: plan.Join, Path: n.Join, At: n.JoinAt})
	}
	return opens
}

// namespacesEntered enters all of them but the user namespace.
func namespacesEntered(l *plan.List, c *lowering) {
	n := &c.policy.Namespaces
	if n.Join != "" {
		l.Add(n.JoinAt, plan.Setns, plan.Slot(plan.NamespaceSlot(plan.NetNS)), plan.Named(unix.CLONE_NEWNET, "CLONE_NEWNET"))
	}
	for _, e := range enterable {
		if held(c.policy)&e.flag != 0 {
			l.Add(n.At, plan.Setns, plan.Slot(plan.NamespaceSlot(e.name)), plan.Flags(e.flag, &cloneFlags))
		}
	}
}

// userNamespace: whoever enters one has every capability in it, none outside, and
// securebits as at first (setns(2)); the rows below take away what is not the policy's.
func userNamespace(l *plan.List, c *lowering) {
	if hasUser(c.policy) {
		l.Add(c.policy.Namespaces.At, plan.Setns, plan.Slot(plan.NamespaceSlot(plan.UserNS)), plan.Named(unix.CLONE_NEWUSER, "CLONE_NEWUSER"))
	}
}

func hasResource(f *facts.Facts) bool { return uint64(f.CapPermit)>>unix.CAP_SYS_RESOURCE&1 != 0 }

// namespaceLacks are the capabilities that the holder and its files need, and what is
// narrower without one.
func namespaceLacks(p *sealed.Policy, f *facts.Facts) (must, prefer []string) {
	need := uint64(0)
	n := &p.Namespaces
	if hasUser(p) {
		if !hasResource(f) {
			prefer = append(prefer, n.At+": limits of tasks, signals, queues and locked memory that are wider than the shim's: it has no CAP_SYS_RESOURCE, and its own bound the user namespace")
		}
		if sealed.HasOutside(n.UIDs, 0) {
			need |= 1 << unix.CAP_SETFCAP // user_namespaces(7), Linux 5.12
		}
	} else if n.New&unix.CLONE_NEWTIME != 0 {
		need |= 1 << unix.CAP_SYS_TIME
	}
	if gone := need &^ uint64(f.CapPermit); gone != 0 {
		must = append(must, fmt.Sprintf("%s: the shim needs %s for these namespaces", n.At, caps.Text(gone)))
	}
	return must, prefer
}
