package supervise

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// NoShield is what the receipt says where Shield cannot do all.
const NoShield = "oom_score_adj -1000 for init: the shim has no CAP_SYS_RESOURCE"

// Shield makes ready to take init out of the OOM killer's choice, as soon as the workload
// has been forked and so does not inherit it. A limit that a workload exceeds is to end the
// workload; init then says how it ended. Where memory.oom.group is set the kernel kills
// the whole cgroup but for whoever has this score (cgroup-v2.rst, "memory.oom.group"):
// init is left on purpose, finds its main child killed, and ends what there is.
//
// proc is a procfs of the caller's own. full tells whether the score can be lowered that far.
func (p *Process) Shield(proc int) (full bool, err error) {
	p.score, err = unix.Openat2(proc, strconv.Itoa(p.PID())+"/oom_score_adj", &unix.OpenHow{
		Flags:   unix.O_RDWR | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_XDEV | unix.RESOLVE_NO_SYMLINKS,
	})
	if err != nil {
		return false, fmt.Errorf("open oom_score_adj of init: %w", err)
	}
	var caps [2]unix.CapUserData
	if err := unix.Capget(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &caps[0]); err != nil {
		return false, fmt.Errorf("capget: %w", err)
	}
	return caps[0].Effective>>unix.CAP_SYS_RESOURCE&1 != 0, nil
}

// shield does it. Without CAP_SYS_RESOURCE a score can only be raised, or taken back to what it
// was (proc_pid_oom_score_adj(5)): one that the policy has raised goes back to 0, which
// may be refused too. init is then as likely to be chosen as the workload, and as small.
func (p *Process) shield() {
	if p.score < 0 {
		return
	}
	if _, err := unix.Write(p.score, []byte("-1000")); err != nil {
		text := make([]byte, 8)
		n, _ := unix.Pread(p.score, text, 0)
		if score, err := strconv.Atoi(strings.TrimSpace(string(text[:max(n, 0)]))); err == nil && score > 0 {
			unix.Write(p.score, []byte("0"))
		}
	}
	unix.Close(p.score)
	p.score = -1
}
