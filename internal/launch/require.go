package launch

import (
	"fmt"
	"slices"

	"casemate/apparmor"
	"casemate/internal/caps"
	"casemate/internal/facts"
	"casemate/internal/landlock"
	"casemate/internal/process"
	"casemate/internal/sealed"
	"casemate/selinux"

	"golang.org/x/sys/unix"
)

// namespaces by clone flag and their names below /proc/self/ns, with the Kconfig
// option that brings them.
var namespaces = []struct {
	flag         uint64
	name, option string
}{
	{unix.CLONE_NEWNS, "mnt", "CONFIG_NAMESPACES"}, {unix.CLONE_NEWPID, "pid", "CONFIG_PID_NS"},
	{unix.CLONE_NEWUTS, "uts", "CONFIG_UTS_NS"}, {unix.CLONE_NEWIPC, "ipc", "CONFIG_IPC_NS"},
	{unix.CLONE_NEWNET, "net", "CONFIG_NET_NS"}, {unix.CLONE_NEWCGROUP, "cgroup", "CONFIG_CGROUPS"},
	{unix.CLONE_NEWUSER, "user", "CONFIG_USER_NS"}, {unix.CLONE_NEWTIME, "time", "CONFIG_TIME_NS, Linux 5.6"},
}

// lacks compares the policy with the host: what must be there and is not, and what
// the policy only prefers.
func lacks(p *sealed.Policy, f *facts.Facts) (must, prefer []string) {
	for _, n := range namespaces {
		if p.Namespaces.New&n.flag != 0 && !slices.Contains(f.Namespaces, n.name) {
			must = append(must, fmt.Sprintf("%s: no %s namespaces (%s)", p.Namespaces.At, n.name, n.option))
		}
	}
	for _, action := range []string{"kill_process", "errno", "allow"} {
		if !slices.Contains(f.Seccomp, action) {
			must = append(must, fmt.Sprintf("seccomp action %q (CONFIG_SECCOMP_FILTER, Linux 4.14)", action))
		}
	}
	if gone := p.Caps.Keep &^ (uint64(f.CapBound) & uint64(f.CapPermit)); gone != 0 {
		must = append(must, fmt.Sprintf("%s: the shim does not hold %s itself", p.Caps.At, caps.Text(gone)))
	}
	if gone := needed &^ uint64(f.CapPermit); gone != 0 {
		must = append(must, "the shim needs "+caps.Text(gone)+" for the launch")
	}
	missing, narrower := namespaceLacks(p, f)
	must, prefer = append(must, missing...), append(prefer, narrower...)
	if p.Exec.SetOOM && p.Exec.OOMScore < 0 && uint64(f.CapPermit)>>unix.CAP_SYS_RESOURCE&1 == 0 {
		must = append(must, p.Exec.At+": a negative oom_score_adj needs CAP_SYS_RESOURCE, which the shim does not hold")
	}
	for _, l := range []struct {
		label sealed.Label
		lack  string
	}{
		{p.LSM.AppArmor, appArmorLack(p, f)},
		{p.LSM.SELinux, selinux.Lack(f.SELinux)},
	} {
		switch {
		case l.label.Text == "" || l.lack == "":
		case l.label.Require:
			must = append(must, l.label.At+": "+l.lack)
		default:
			prefer = append(prefer, l.label.At+": "+l.lack)
		}
	}
	fatal, lost := landlock.Lack(p, f)
	must, prefer = nonEmpty(must, fatal), nonEmpty(prefer, lost)
	demanded, wished := process.Lacks(p, f)
	return append(must, demanded...), append(prefer, wished...)
}

func nonEmpty(list []string, text string) []string {
	if text != "" {
		list = append(list, text)
	}
	return list
}

func appArmorLack(p *sealed.Policy, f *facts.Facts) string {
	return apparmor.Lack(p.LSM.AppArmor.Text, len(p.LSM.Profile.Binaries) > 0, f.AppArmor)
}

// needed are the capabilities that the steps of every plan need.
const needed = 1<<unix.CAP_SYS_ADMIN | 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID | 1<<unix.CAP_SETPCAP |
	1<<unix.CAP_MKNOD | 1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_KILL | 1<<unix.CAP_SYS_PTRACE | 1<<unix.CAP_DAC_OVERRIDE
