package launch

import (
	"slices"
	"strings"
	"testing"

	"casemate/internal/exit"
	"casemate/internal/facts"
	"casemate/internal/plan"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// A host that lacks what the policy requires: 247, with the line of the policy and what
// the kernel would need.
func TestWhatIsRequiredAndMissing(t *testing.T) {
	without := func(name string) func(*facts.Facts) {
		return func(f *facts.Facts) {
			f.Namespaces = slices.DeleteFunc(f.Namespaces, func(n string) bool { return n == name })
		}
	}
	for _, c := range []struct {
		name  string
		facts func(*facts.Facts)
		want  []string
	}{
		{"mnt", without("mnt"), []string{"default: no mnt namespaces (CONFIG_NAMESPACES)"}},
		{"pid", without("pid"), []string{"default: no pid namespaces (CONFIG_PID_NS)"}},
		{"uts", without("uts"), []string{"default: no uts namespaces (CONFIG_UTS_NS)"}},
		{"ipc", without("ipc"), []string{"default: no ipc namespaces (CONFIG_IPC_NS)"}},
		{"net", without("net"), []string{"default: no net namespaces (CONFIG_NET_NS)"}},
		{"cgroup", without("cgroup"), []string{"default: no cgroup namespaces (CONFIG_CGROUPS)"}},
		{"seccomp", func(f *facts.Facts) { f.Seccomp = nil }, []string{`"kill_process"`, `"errno"`, `"allow"`, "CONFIG_SECCOMP_FILTER"}},
		{"seccomp action", func(f *facts.Facts) { f.Seccomp = []string{"errno", "allow"} }, []string{`seccomp action "kill_process"`, "Linux 4.14"}},
		{"cgroup v2", func(f *facts.Facts) { f.Cgroup = facts.Cgroup{} }, []string{"cgroup v2 is not mounted"}},
		{"controllers", func(f *facts.Facts) { f.Cgroup.Controllers = []string{"pids"} }, []string{
			`full.toml:50: the cgroup v2 controller "memory" is not available in /sys/fs/cgroup/`, `full.toml:53: the cgroup v2 controller "io"`}},
		{"kept capability", func(f *facts.Facts) { f.CapBound &^= 1 << unix.CAP_NET_BIND_SERVICE }, []string{"full.toml:40: the shim does not hold CAP_NET_BIND_SERVICE itself"}},
		{"permitted", func(f *facts.Facts) { f.CapPermit = 1<<unix.CAP_SETUID | 1<<unix.CAP_NET_BIND_SERVICE }, []string{"the shim needs ", "CAP_SYS_ADMIN", "for the launch"}},
		{"oom score", func(f *facts.Facts) { f.CapPermit &^= 1 << unix.CAP_SYS_RESOURCE }, []string{"min.toml:3: a negative oom_score_adj needs CAP_SYS_RESOURCE"}},
		{"apparmor", func(f *facts.Facts) { f.AppArmor = facts.AppArmor{} }, []string{"full.toml:45: AppArmor is not active (CONFIG_SECURITY_APPARMOR"}},
		{"profile", func(f *facts.Facts) { f.AppArmor.Profiles = []string{"other"} }, []string{`full.toml:45: the AppArmor profile "casemate-test" is not loaded`}},
		{"complain", func(f *facts.Facts) { f.AppArmor.Mode = "complain" }, []string{"full.toml:45: AppArmor is in complain mode"}},
		{"mode", func(f *facts.Facts) { f.AppArmor.Mode = "" }, []string{"full.toml:45: AppArmor is in an unknown mode"}},
		{"shim", func(f *facts.Facts) { f.AppArmor.Own = "casemate-shim (complain)" }, []string{`full.toml:45: the shim's own AppArmor label is "casemate-shim (complain)"`}},
		{"selinux", func(f *facts.Facts) {}, []string{"full.toml:46: SELinux is not active (CONFIG_SECURITY_SELINUX"}},
		{"landlock", func(f *facts.Facts) { f.Landlock = 4 }, []string{"full.toml:47: Landlock has ABI 4, and 5 is demanded (Linux 6.10)"}},
		{"mdwe", func(f *facts.Facts) { f.Process.MDWE = false }, []string{"min.toml:3: no PR_SET_MDWE (Linux 6.3)"}},
		{"core scheduling", func(f *facts.Facts) { f.Process.CoreScheduling = facts.CoreNone }, []string{"min.toml:3: no core scheduling (CONFIG_SCHED_CORE, Linux 5.14)"}},
		{"speculation", func(f *facts.Facts) { f.Process.StoreBypass = 2 }, []string{"min.toml:3: PR_SPEC_STORE_BYPASS cannot be switched off for a process (it is 2 here"}},
		{"no word of speculation", func(f *facts.Facts) { f.Process.IndirectBranch = -1 }, []string{"min.toml:3: PR_SPEC_INDIRECT_BRANCH cannot be switched off for a process (it is -1 here"}},
		{"permissive", func(f *facts.Facts) { f.SELinux = facts.SELinux{Enabled: true} }, []string{"full.toml:46: SELinux is permissive (enforcing=1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, f := full(), recorded(t, "debian12-apparmor")
			p.LSM.SELinux.Require = c.name == "selinux" || c.name == "permissive"
			p.Exec.Memory.MDWE = c.name == "mdwe"
			if c.name == "landlock" {
				p.LSM.Landlock.MinABI = 5
			}
			if c.name == "oom score" {
				p.Exec.OOMScore = -1
			}
			c.facts(f)
			out, err := Lower(p, f)
			if out != nil || exit.CodeOf(err) != exit.Lacking {
				t.Fatalf("a plan or code %d: %v", exit.CodeOf(err), err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in: %v", want, err)
				}
			}
		})
	}
}

// All that is missing is said at once, not one thing a boot.
func TestAllThatIsMissingIsSaid(t *testing.T) {
	f := recorded(t, "debian12-apparmor")
	f.Namespaces, f.Seccomp, f.Cgroup, f.CapPermit, f.AppArmor = nil, nil, facts.Cgroup{}, 0, facts.AppArmor{}
	_, err := Lower(full(), f)
	if n := strings.Count(err.Error(), ";"); n != 12 {
		t.Errorf("%d things besides the first: %v", n, err)
	}
}

// A host that has everything lacks nothing: the refusals above are not accidents.
func TestNothingIsMissing(t *testing.T) {
	f := recorded(t, "debian12-apparmor")
	f.Landlock, f.Process.MemFDNoExec = 7, true
	p, err := Lower(withoutSELinux(full()), f)
	if err != nil || len(p.Lacks) != 0 {
		t.Errorf("%v, lacks %q", err, p.Lacks)
	}
}

func withoutSELinux(p *sealed.Policy) *sealed.Policy {
	p.LSM.SELinux, p.LSM.Contexts = sealed.Label{}, sealed.Contexts{}
	return p
}

// No filter for this machine: the policy is at fault, not the host.
func TestWrongArchitectureIsUsage(t *testing.T) {
	for arch, filters := range map[string][]sealed.Filter{"amd64": everywhere()[1:], "arm64": everywhere()[:1], "riscv64": everywhere()} {
		p, f := minimal(), recorded(t, "arm64")
		p.Filters, f.Arch = filters, arch
		if _, err := Lower(p, f); exit.CodeOf(err) != exit.Usage || !strings.Contains(err.Error(), arch) {
			t.Errorf("%s: %v", arch, err)
		}
	}
}

// What is preferred and missing stands in the plan, and no step fails for its sake.
func TestWhatIsPreferredAndMissing(t *testing.T) {
	for _, c := range []struct {
		name, facts string
		change      func(*facts.Facts)
		lacks       []string
		labels      []string
	}{
		{"both active", "debian12-apparmor", func(f *facts.Facts) { f.SELinux = facts.SELinux{Enabled: true, Enforcing: true} }, nil, []string{"exec casemate-test", "system_u:system_r:full_t:s0"}},
		{"apparmor alone", "debian12-apparmor", func(*facts.Facts) {}, []string{"full.toml:46: SELinux is not active"}, []string{"exec casemate-test"}},
		{"selinux alone", "debian12-selinux", func(*facts.Facts) {}, []string{"full.toml:45: AppArmor is not active"}, []string{"system_u:system_r:full_t:s0"}},
		{"permissive", "debian12-selinux", func(f *facts.Facts) { f.SELinux.Enforcing = false }, []string{"full.toml:45: AppArmor is not active", "full.toml:46: SELinux is permissive"}, []string{"system_u:system_r:full_t:s0"}},
		{"profile not loaded", "debian12-apparmor", func(f *facts.Facts) { f.AppArmor.Profiles = nil }, []string{`full.toml:45: the AppArmor profile "casemate-test" is not loaded`, "full.toml:46: SELinux"}, nil},
		{"confined shim", "debian12-apparmor", func(f *facts.Facts) { f.AppArmor.Own = "casemate-shim (enforce)" }, []string{"full.toml:46: SELinux"}, []string{"stack casemate-test"}},
		{"no memfd_noexec", "debian12-selinux", func(f *facts.Facts) { f.Process.MemFDNoExec = false }, []string{
			"full.toml:45: AppArmor is not active", "min.toml:3: no vm.memfd_noexec (Linux 6.3): what memfd_create makes can be executed"}, []string{"system_u:system_r:full_t:s0"}},
		{"an older Landlock", "debian12-selinux", func(f *facts.Facts) { f.Landlock = 4 }, []string{
			"full.toml:45: AppArmor is not active", "full.toml:47: Landlock has ABI 4, which does not know of ioctl on devices, abstract sockets and signals"}, []string{"system_u:system_r:full_t:s0"}},
		{"no Landlock", "debian12-selinux", func(f *facts.Facts) { f.Landlock = 0 }, []string{
			"full.toml:45: AppArmor is not active", "full.toml:47: Landlock is not there (CONFIG_SECURITY_LANDLOCK, lsm=landlock), 2 is the least that is used (Linux 5.19)"}, []string{"system_u:system_r:full_t:s0"}},
		{"profiles unreadable", "debian12-apparmor", func(f *facts.Facts) { f.AppArmor.Known, f.AppArmor.Profiles = false, nil }, []string{"full.toml:46: SELinux"}, []string{"exec casemate-test"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := recorded(t, c.facts)
			f.Landlock, f.Process.MemFDNoExec = 7, true
			c.change(f)
			p, err := Lower(withoutAppArmor(full()), f)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.EqualFunc(p.Lacks, c.lacks, strings.HasPrefix) {
				t.Errorf("lacks %q, not %q", p.Lacks, c.lacks)
			}
			var labels []string
			for _, n := range ops(p, plan.Write) {
				if s := p.Steps[n]; s.At != "min.toml:3" && s.Row == "label" {
					labels = append(labels, string(s.Args[1].Data))
				}
			}
			if !slices.Equal(labels, c.labels) {
				t.Errorf("writes the labels %q, not %q", labels, c.labels)
			}
		})
	}
}

// What a namespace that is shared with the host would need is not demanded, and nothing
// is done to it.
func TestSharedNamespacesAreLeftAlone(t *testing.T) {
	f := recorded(t, "debian12-apparmor")
	f.Namespaces = []string{"mnt", "pid"}
	p, err := Lower(shared(), f)
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range []plan.Op{plan.Unshare, plan.Sethostname, plan.Socket, plan.Ioctl} {
		if n := ops(p, op); len(n) != 0 {
			t.Errorf("%s in step %d", op, n[0])
		}
	}
	if p.Clone.Int != unix.CLONE_NEWNS|unix.CLONE_NEWPID {
		t.Errorf("clones with %s", p.Clone)
	}
}
