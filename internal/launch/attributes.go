package launch

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"casemate/apparmor"
	"casemate/internal/facts"
	"casemate/internal/mount"
	"casemate/internal/plan"
	"casemate/internal/sealed"
	"casemate/selinux"

	"golang.org/x/sys/unix"
)

// rlimitNames by number, getrlimit(2).
var rlimitNames = [...]string{
	"RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS", "RLIMIT_NPROC",
	"RLIMIT_NOFILE", "RLIMIT_MEMLOCK", "RLIMIT_AS", "RLIMIT_LOCKS", "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE",
	"RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
}

func limits(l *plan.List, c *lowering) {
	for _, r := range c.policy.Exec.Rlimits {
		setLimit(l, r)
	}
	l.Add(c.policy.Exec.At, plan.Umask, plan.Mode(c.policy.Exec.Umask))
}

func setLimit(l *plan.List, r sealed.Rlimit) {
	b := binary.NativeEndian.AppendUint64(nil, r.Soft)
	b = binary.NativeEndian.AppendUint64(b, r.Hard)
	l.Add(r.At, plan.Prlimit64, plan.Num(0), plan.Named(uint64(r.Resource), rlimitNames[r.Resource]),
		plan.Bytes(fmt.Sprintf("{soft=%s hard=%s}", limit(r.Soft), limit(r.Hard)), b), plan.Null())
}

func limit(v uint64) string {
	if v == ^uint64(0) {
		return "unlimited"
	}
	return strconv.FormatUint(v, 10)
}

// label writes oom_score_adj and the exec labels of the security modules.
func label(l *plan.List, c *lowering) {
	var files []procFile
	if e := &c.policy.Exec; e.SetOOM {
		files = append(files, procFile{"self/oom_score_adj", strconv.Itoa(int(e.OOMScore)), e.At})
	}
	if a := c.policy.LSM.AppArmor; a.Text != "" && appArmorLack(c.policy, c.facts) == "" {
		files = append(files, procFile{"thread-self/" + apparmor.ExecFile, apparmor.ExecText(a.Text, c.facts.AppArmor), a.At})
	}
	if s := c.policy.LSM.SELinux; s.Text != "" && c.facts.SELinux.Enabled {
		files = append(files, procFile{"thread-self/" + selinux.ExecFile, s.Text, s.At})
	}
	if len(files) == 0 {
		return
	}
	mount.PrivateProc(l, files[0].at, "procfs")
	for _, f := range files {
		writeProc(l, f)
	}
}

// profile is the generated profile that the parent has in the kernel before the clone.
func profile(p *sealed.Policy, f *facts.Facts) plan.Profile {
	if len(p.LSM.Profile.Binaries) == 0 || appArmorLack(p, f) != "" {
		return plan.Profile{}
	}
	b := p.LSM.Profile.Binaries[0]
	return plan.Profile{Name: p.LSM.AppArmor.Text, ABI: b.ABI, Binary: b.Bytes, At: p.LSM.AppArmor.At}
}

// procFile is a file of the private procfs, and what is written there.
type procFile struct{ path, text, at string }

func writeProc(l *plan.List, f procFile) {
	mount.OpenProc(l, f.at, "procfs", f.path, "file")
	l.Add(f.at, plan.Write, plan.Slot("file"), plan.Bytes(strconv.Quote(f.text), []byte(f.text)), plan.Num(uint64(len(f.text))))
}

var cloneFlags = plan.Names{
	{Bit: unix.CLONE_NEWNS, Name: "CLONE_NEWNS"}, {Bit: unix.CLONE_NEWPID, Name: "CLONE_NEWPID"},
	{Bit: unix.CLONE_NEWUTS, Name: "CLONE_NEWUTS"}, {Bit: unix.CLONE_NEWIPC, Name: "CLONE_NEWIPC"},
	{Bit: unix.CLONE_NEWNET, Name: "CLONE_NEWNET"}, {Bit: unix.CLONE_NEWCGROUP, Name: "CLONE_NEWCGROUP"},
	{Bit: unix.CLONE_NEWUSER, Name: "CLONE_NEWUSER"}, {Bit: unix.CLONE_NEWTIME, Name: "CLONE_NEWTIME"},
}
