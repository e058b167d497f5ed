package launch

import (
	"casemate/internal/caps"
	"casemate/internal/landlock"
	"casemate/internal/mount"
	"casemate/internal/network"
	"casemate/internal/plan"
	"casemate/internal/process"
	"casemate/internal/seccomp"
	"casemate/selinux"

	"golang.org/x/sys/unix"
)

// A row of the order table: what happens, why not later, why not earlier.
type row struct {
	name   string
	reason string // printed in every plan
	steps  func(*plan.List, *lowering)
}

// order is THE order of a launch. The rank of each row is a security decision; the
// reason says what breaks when it moves. docs/design.md prints the same table.
var order = []row{
	{"guard", "first, so that no child outlives a dead parent by one step more; after every change of ids again, which clears it", guard},
	{"session", "before anything can be reached: no terminal of the host, nobody attaches with ptrace, nothing of the shim's personality", session},
	{"terminal", "after the session that gets it, which had none; before the descriptor can change; never stolen from another session", terminal},
	{"descriptors", "before any other step opens one: what init needs gets its fixed number, 3 to 6 and from 7 up, while they are free", descriptors},
	{"namespaces", "before anything is asked of them: sysfs and message queues are mounted for the network and IPC namespace of who asks", namespacesEntered},
	{"cgroup namespace", "after the birth inside the cgroup, whose root it takes; before cgroup2 is mounted", cgroupNamespace},
	{"propagation", "before the first mount, which would show on a host whose / is shared", func(l *plan.List, c *lowering) { mount.Propagation(l, c.policy) }},
	{"keyring", "after the descriptors have their numbers and no mount can propagate, for its label is written through a procfs of our own; before anything is mounted: no keyring of the host", keyring},
	{"root", "before its mounts: a detached mount takes mounts below it only since Linux 6.15", func(l *plan.List, c *lowering) { mount.AttachRoot(l, c.policy, c.facts) }},
	{"mounts", "parents before children; each by descriptor, relative to the mount it lies in", func(l *plan.List, c *lowering) {
		mount.Tree(l, c.policy, c.facts)
		mount.NullDescriptors(l, c.policy, c.facts)
	}},
	{"masks", "after the mounts they cover; before the read-only copies, which take them along", func(l *plan.List, c *lowering) { mount.Masks(l, c.policy, c.facts) }},
	{"read-only paths", "after the masks, so that no copy shows what a mask hides", func(l *plan.List, c *lowering) { mount.ReadOnly(l, c.policy, c.facts) }},
	{"seal", "after the last mount point was made", func(l *plan.List, c *lowering) { mount.Seal(l, c.policy) }},
	{"pivot", "after the tree is complete; from here on no path leads to the host", func(l *plan.List, c *lowering) { mount.Pivot(l, c.policy) }},
	{"network", "while CAP_NET_ADMIN is there", loopback},
	{"hostname", "while CAP_SYS_ADMIN is there", hostname},
	{"memfd", "in the PID namespace whose it is, while CAP_SYS_ADMIN is there; through a procfs of our own", func(l *plan.List, c *lowering) { process.MemFD(l, c.policy, c.facts) }},
	{"close", "after the last descriptor of the host was used: none survives to be reopened (CVE-2024-21626)", closeRange},
	{"landlock rules", "after the tree is complete and all else is closed; before the limits and the ids, which would not let it open every path of the tree", landlockRules},
	{"limits", "after the mounts, which need more descriptors than a workload may have", limits},
	{"label", "before ids and no_new_privs, which would forbid it; the last file written, through a procfs of our own", label},
	{"user namespace", "after all that takes the host's own capabilities: mounts, limits, labels; before the bounding set, which it fills anew", userNamespace},
	{"bounding set", "while CAP_SETPCAP is there", func(l *plan.List, c *lowering) { caps.Bound(l, c.policy, c.facts) }},
	{"ids and capabilities", "after everything that needs a capability", func(l *plan.List, c *lowering) { caps.Become(l, c.policy, c.facts) }},
	{"guard again", "after the change of ids, which clears the parent-death signal and may make the process dumpable", guardAgain},
	{"process", "after the last change of ids; of the process alone, kept over the exec and by all that it starts; before seccomp, so that the filter need not allow it", func(l *plan.List, c *lowering) { process.Restrict(l, c.policy, c.facts) }},
	{"no_new_privs", "after the label and the ids; before seccomp, which demands it without CAP_SYS_ADMIN", noNewPrivs},
	{"landlock", "after no_new_privs, which it demands without CAP_SYS_ADMIN, and after the last file is opened; before seccomp, so that the filter need not allow it", func(l *plan.List, c *lowering) { landlock.Restrict(l, c.policy, c.facts) }},
	{"seccomp", "last, so that no step above needs to be allowed to the workload", func(l *plan.List, c *lowering) { seccomp.Install(l, c.filter) }},
	{"exec", "the end: init, from a descriptor that was checked, with descriptors 0 to 4, the sockets of the policy and nothing else", execInit},
}

// Reasons maps each row to its reason, for printing a plan.
func Reasons() map[string]string {
	m := make(map[string]string, len(order))
	for _, r := range order {
		m[r.name] = r.reason
	}
	return m
}

// Rows lists the names of the rows in order.
func Rows() []string {
	names := make([]string, len(order))
	for i, r := range order {
		names[i] = r.name
	}
	return names
}

func prctl(l *plan.List, option uint64, name string, arg plan.Arg) {
	l.Add("", plan.Prctl, plan.Named(option, name), arg)
}

func guard(l *plan.List, _ *lowering) {
	prctl(l, unix.PR_SET_PDEATHSIG, "PR_SET_PDEATHSIG", plan.Named(uint64(unix.SIGKILL), "SIGKILL"))
}

const perLinux = 0 // linux/personality.h

func session(l *plan.List, c *lowering) {
	l.Add("", plan.Setsid)
	prctl(l, unix.PR_SET_DUMPABLE, "PR_SET_DUMPABLE", plan.Num(0))
	l.Add("", plan.Umask, plan.Mode(0)) // the modes below are then what they say
	// What the shim was started with would be the workload's too: ADDR_NO_RANDOMIZE of a
	// setarch(8), an old kernel's number (personality(2)).
	l.Add("", plan.Personality, plan.Named(perLinux, "PER_LINUX"))
}

// terminal makes descriptor 0 the session's. The last argument 0 leaves a terminal that is
// another session's where it is, EPERM, though CAP_SYS_ADMIN is there (ioctl_tty(2)).
func terminal(l *plan.List, c *lowering) {
	if c.policy.Exec.TTY {
		l.Add(c.policy.Exec.At, plan.Ioctl, plan.Num(0), plan.Named(unix.TIOCSCTTY, "TIOCSCTTY"), plan.Num(0))
	}
}

// fixed are the descriptors of the child from here on. The two that init keeps are
// those of internal/orders; the rest close at the exec.
var fixed = []struct {
	slot    string
	number  uint64
	cloexec bool
}{
	{plan.Orders, 3, false}, {plan.Gate, 4, false}, {plan.Init, initFD, true}, {plan.Report, 6, true},
}

const (
	initFD    = 5
	firstFree = 7
)

func descriptors(l *plan.List, c *lowering) {
	for _, d := range fixed {
		flags := plan.Num(0)
		if d.cloexec {
			flags = plan.Named(unix.O_CLOEXEC, "O_CLOEXEC")
		}
		l.Save("", d.slot, plan.Dup3, plan.Slot(d.slot), plan.Num(d.number), flags)
	}
	for i, o := range sockets(c) {
		l.Save(o.At, o.Slot, plan.Dup3, plan.Slot(o.Slot), plan.Num(firstFree+uint64(i)), plan.Num(0))
	}
	if hasUser(c.policy) { // entered when all others are closed
		slot := plan.NamespaceSlot(plan.UserNS)
		l.Save(c.policy.Namespaces.At, slot, plan.Dup3, plan.Slot(slot), plan.Num(firstFree+uint64(len(sockets(c)))), plan.Named(unix.O_CLOEXEC, "O_CLOEXEC"))
	}
}

// cgroupNamespace is not a flag of the clone: clone3(2) roots the new namespace at
// the parent's cgroup even with CLONE_INTO_CGROUP.
func cgroupNamespace(l *plan.List, c *lowering) {
	if c.policy.Namespaces.New&unix.CLONE_NEWCGROUP != 0 {
		l.Add(c.policy.Namespaces.At, plan.Unshare, plan.Named(unix.CLONE_NEWCGROUP, "CLONE_NEWCGROUP"))
	}
}

func loopback(l *plan.List, c *lowering) {
	if c.policy.Namespaces.New&unix.CLONE_NEWNET != 0 {
		network.Loopback(l)
	}
}

func hostname(l *plan.List, c *lowering) {
	if n := &c.policy.Namespaces; n.New&unix.CLONE_NEWUTS != 0 {
		l.Add(n.At, plan.Sethostname, plan.String(n.Hostname), plan.Num(uint64(len(n.Hostname))))
	}
}

// closeRange really closes rather than marks: a descriptor of the host that is
// merely close-on-exec can still be reached through /proc/PID/fd until the exec.
func closeRange(l *plan.List, c *lowering) {
	l.Add("", plan.CloseRange, plan.Num(free(c)), plan.Named(uint64(^uint32(0)), "UINT_MAX"), plan.Num(0))
}

// free is the lowest number that no descriptor has once they are closed.
func free(c *lowering) uint64 {
	n := firstFree + uint64(len(sockets(c)))
	if hasUser(c.policy) {
		n++
	}
	return n
}

func landlockRules(l *plan.List, c *lowering) {
	landlock.Rules(l, c.policy, c.facts, initFD, free(c))
}

func guardAgain(l *plan.List, c *lowering) {
	prctl(l, unix.PR_SET_DUMPABLE, "PR_SET_DUMPABLE", plan.Num(0))
	guard(l, c)
}

func noNewPrivs(l *plan.List, _ *lowering) {
	prctl(l, unix.PR_SET_NO_NEW_PRIVS, "PR_SET_NO_NEW_PRIVS", plan.Num(1))
}

// initEnv keeps the Go runtime of init small: one P, no collector. The workload's
// environment comes with the orders.
var initEnv = []string{"GOMAXPROCS=1", "GOGC=off"}

// keyring starts with an empty one. With SELinux it has the label of the domain: with the
// shim's, which a keyring takes from who makes it, the workload could not use its own. The
// label holds until the exec, setkeycreatecon(3).
func keyring(l *plan.List, c *lowering) {
	if !c.facts.Keyrings {
		return
	}
	if s := c.policy.LSM.SELinux; s.Text != "" && c.facts.SELinux.Enabled {
		mount.PrivateProc(l, s.At, "procfs")
		writeProc(l, procFile{"thread-self/" + selinux.KeyFile, s.Text, s.At})
	}
	l.Save("", "keyring", plan.Keyctl, plan.Named(unix.KEYCTL_JOIN_SESSION_KEYRING, "KEYCTL_JOIN_SESSION_KEYRING"), plan.Null())
	// Nobody can look at another process's. The new one may be searched by who possesses it
	// and nobody else (keyrings(7)): that it can be found here shows that it is ours.
	l.Add("", plan.Keyctl, plan.Named(unix.KEYCTL_GET_KEYRING_ID, "KEYCTL_GET_KEYRING_ID"), plan.Slot("keyring"), plan.Num(0))
}

func execInit(l *plan.List, c *lowering) {
	at := "" // an SELinux policy that does not allow the domain refuses here
	if s := c.policy.LSM.SELinux; s.Text != "" && c.facts.SELinux.Enabled {
		at = s.At
	}
	l.Add(at, plan.Execveat, plan.Slot(plan.Init), plan.String(""), plan.Strings([]string{"casemate-init"}),
		plan.Strings(initEnv), plan.Named(unix.AT_EMPTY_PATH, "AT_EMPTY_PATH"))
}
