package verify

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"casemate/internal/child"
	"casemate/internal/facts"
	"casemate/internal/plan"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

func asPlanned(*plan.Plan) {}

// unlike runs the verification and gives the names of what differs.
func unlike(t *testing.T, target Target) []string {
	t.Helper()
	found, err := Run(target)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range found.Checks {
		if !c.OK() {
			names = append(names, c.Name)
		}
	}
	if d := Differences(found.Checks); len(d) != len(names) {
		t.Errorf("%d differences in words, %d checks failed", len(d), len(names))
	}
	return names
}

func TestAsDeclared(t *testing.T) {
	target := started(t, declared(), asPlanned)
	found, err := Run(target)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range Differences(found.Checks) {
		t.Error(d)
	}
	var names []string
	for _, c := range found.Checks {
		names = append(names, c.Name)
	}
	// TestAsDeclaredBelowAFilter comes here too.
	if mode, _ := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0); mode != 0 && target.Facts.Hidden != "the shim runs under a filter itself" {
		t.Errorf("below a filter: %q", target.Facts.Hidden)
	}
	if why := reason(found, "seccomp program"); compared(found, "seccomp program") == (why != "") || why != target.Facts.Hidden {
		t.Errorf("the filter's program: %q, %q", why, target.Facts.Hidden)
	}
	for _, want := range []string{
		"Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Seccomp_filters",
		"namespace cgroup", "namespace ipc", "namespace mnt", "namespace net", "namespace pid", "namespace uts", "cgroup",
		"mount /", "mount /usr", "mount /tmp", "mount /dev", "mount /dev/pts", "mount /proc", "mount /proc/keys", "mount /proc/sys", "mount /proc/sys/kernel/random",
	} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not checked", want)
		}
	}
}

// The shim may run below a filter of the manager's, which init inherits.
func TestAsDeclaredBelowAFilter(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: launches")
	}
	p := new(child.Program)
	p.Add(unix.SYS_OPENAT, 1, 0, child.FD(unix.AT_FDCWD), child.String("/dev/null"), child.Int(unix.O_WRONLY|unix.O_CLOEXEC))
	p.Add(unix.SYS_DUP3, child.None, 0, child.Slot(1), child.Int(1), child.Int(0))
	p.Add(unix.SYS_SECCOMP, child.None, 0, child.Int(unix.SECCOMP_SET_MODE_FILTER), child.Int(0), child.Filter(allowAll))
	p.Add(unix.SYS_EXECVE, child.None, 0, child.String("/proc/self/exe"), child.Strings([]string{"test", "-test.run=^TestAsDeclared$"}), child.Strings(nil))
	c, err := p.Start(child.Clone{Cgroup: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(c.PIDFD)
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	var status unix.WaitStatus
	if _, err := unix.Wait4(c.PID, &status, 0, nil); err != nil || status != 0 {
		t.Errorf("wait status %#x, %v", status, err)
	}
}

// moved says that the cgroup is another one.
type moved struct{ Group }

func (m moved) Path() string { return m.Group.Path() + "x" }

// One launch, and a policy that says otherwise at one place: the difference has its name.
func TestEachPolicyThatSaysOtherwise(t *testing.T) {
	target := started(t, declared(), asPlanned)
	for _, c := range []struct {
		name   string
		change func(*Target)
		want   []string
	}{
		{"uid", func(t *Target) { t.Policy.Exec.UID++ }, []string{"Uid"}},
		{"gid", func(t *Target) { t.Policy.Exec.GID++ }, []string{"Gid"}},
		{"groups", func(t *Target) { t.Policy.Exec.Groups = []uint32{7} }, []string{"Groups"}},
		{"no groups", func(t *Target) { t.Policy.Exec.Groups = nil }, []string{"Groups"}},
		{"ambient", func(t *Target) { t.Policy.Caps.Ambient = 0 }, []string{"CapInh", "CapPrm", "CapEff", "CapAmb"}},
		{"bounding", func(t *Target) { t.Policy.Caps.Keep |= 1 << unix.CAP_KILL }, []string{"CapBnd"}},
		{"ipc", func(t *Target) { t.Policy.Namespaces.New &^= unix.CLONE_NEWIPC }, []string{"namespace ipc"}},
		{"net", func(t *Target) { t.Policy.Namespaces.New &^= unix.CLONE_NEWNET }, []string{"namespace net"}},
		{"uts", func(t *Target) { t.Policy.Namespaces.New &^= unix.CLONE_NEWUTS }, []string{"namespace uts"}},
		{"cgroup namespace", func(t *Target) { t.Policy.Namespaces.New &^= unix.CLONE_NEWCGROUP }, []string{"namespace cgroup"}},
		{"mnt", func(t *Target) { t.Policy.Namespaces.New &^= unix.CLONE_NEWNS }, []string{"namespace mnt"}},
		{"pid", func(t *Target) { t.Policy.Namespaces.New &^= unix.CLONE_NEWPID }, []string{"pid inside", "namespace pid"}},
		{"cgroup", func(t *Target) { t.Group = moved{t.Group} }, []string{"cgroup"}},
		{"a mount is missing", func(t *Target) {
			t.Policy.Mounts = append(t.Policy.Mounts, sealed.Mount{Kind: sealed.Tmpfs, Target: "/run"})
		}, []string{"mount /run"}},
		{"a mount too many", func(t *Target) {
			t.Policy.Mounts = slices.DeleteFunc(t.Policy.Mounts, func(m sealed.Mount) bool { return m.Target == "/tmp" })
		}, []string{"mount /tmp"}},
		{"writable", func(t *Target) { t.Policy.Mounts[1].Writable = false }, []string{"mount /tmp"}},
		{"exec", func(t *Target) { t.Policy.Mounts[0].Exec = false }, []string{"mount /usr"}},
		{"devices", func(t *Target) { t.Policy.Mounts[2].Devices = false }, []string{"mount /dev"}},
		{"a mask is missing", func(t *Target) { t.Policy.Masks = append(t.Policy.Masks, sealed.Path{Path: "/proc/kmsg"}) }, []string{"mount /proc/kmsg"}},
		{"a mask too many", func(t *Target) { t.Policy.Masks = t.Policy.Masks[1:] }, []string{"mount /proc/keys"}},
		{"a copy is missing", func(t *Target) { t.Policy.ReadOnly = append(t.Policy.ReadOnly, sealed.Path{Path: "/proc/bus"}) }, []string{"mount /proc/bus"}},
		{"a copy too many", func(t *Target) { t.Policy.ReadOnly = t.Policy.ReadOnly[:1] }, []string{"mount /proc/irq"}},
		{"another copy", func(t *Target) { t.Policy.ReadOnly[1].Path = "/proc/bus" }, []string{"mount /proc/bus", "mount /proc/irq"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			other := target
			other.Policy = declared()
			c.change(&other)
			if got := unlike(t, other); !slices.Equal(got, c.want) {
				t.Errorf("differs in %q, not in %q", got, c.want)
			}
		})
	}
}

// at finds the first step with a text in it.
func at(t *testing.T, p *plan.Plan, text string) int {
	t.Helper()
	n := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return strings.Contains(s.String(), text) })
	if n < 0 {
		t.Fatalf("no step has %q", text)
	}
	return n
}

// without removes steps.
func without(t *testing.T, texts ...string) func(*plan.Plan) {
	return func(p *plan.Plan) {
		for _, text := range texts {
			n := at(t, p, text)
			p.Steps = slices.Delete(p.Steps, n, n+1)
		}
	}
}

// after inserts steps behind the first that has a text in it.
func after(t *testing.T, text string, steps ...plan.Step) func(*plan.Plan) {
	return func(p *plan.Plan) { p.Steps = slices.Insert(p.Steps, at(t, p, text)+1, steps...) }
}

func tmpfsAt(path string) plan.Step {
	return plan.Step{Op: plan.Mount, Args: []plan.Arg{plan.String("tmpfs"), plan.String(path), plan.String("tmpfs"), plan.Num(0), plan.Null()}}
}

// The old root is not detached: every mount of the host's is found.
func TestOldRootIsFound(t *testing.T) {
	got := unlike(t, started(t, declared(), without(t, `umount2(".", MNT_DETACH)`)))
	if !slices.Contains(got, "mount /") {
		t.Errorf("differs in %q", got)
	}
}

// What cannot be read is an error, not a check that passed.
func TestWhatCannotBeRead(t *testing.T) {
	target := started(t, declared(), asPlanned)
	for _, c := range []struct {
		name, want string
		change     func(*Target)
	}{
		{"no such process", "open process", func(t *Target) { t.PID = 1 << 30 }},
		{"no procfs", "open process", func(t *Target) { t.Proc = -1 }},
		{"no label", "read attr/current of init", func(t *Target) { t.Facts.SELinux.Enabled, t.Policy.LSM.SELinux.Text = true, "u:r:t:s0" }},
		{"no profile", "read attr/apparmor/current of init", func(t *Target) {
			t.Facts.AppArmor, t.Policy.LSM.AppArmor.Text = facts.AppArmor{Enabled: true, Mode: "enforce"}, "x"
		}},
	} {
		other, f := target, *target.Facts
		other.Policy, other.Facts = declared(), &f
		if target.Facts.AppArmor.Enabled || target.Facts.SELinux.Enabled {
			t.Skip("needs a host without AppArmor and SELinux")
		}
		c.change(&other)
		if found, err := Run(other); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %d checks, %v", c.name, len(found.Checks), err)
		}
	}
}

// Init has ended meanwhile, and is not reaped yet.
func TestInitHasEnded(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: launches")
	}
	target := started(t, declared(), asPlanned)
	cmd := exec.Command("/bin/true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var info unix.Siginfo
	if err := unix.Waitid(unix.P_PID, cmd.Process.Pid, &info, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	target.PID = cmd.Process.Pid
	if found, err := Run(target); err == nil && len(Differences(found.Checks)) == 0 {
		t.Error("a dead process is as declared")
	}
	cmd.Wait()
}
