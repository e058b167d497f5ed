package verify

import (
	"fmt"
	"strconv"

	"casemate/internal/caps"

	"golang.org/x/sys/unix"
)

// reported compares what no interface of the kernel shows of another process: init has asked
// prctl(2) at the gate. That the process is not dumpable shows from outside too, in whose
// its files in /proc are (proc(5)): the host's root, or that of its user namespace where it
// may read the program it runs; not for a workload of that uid, whose they are either way.
func (r *reader) reported(t Target) {
	r.add("securebits", "", fmt.Sprintf("%#x", caps.Securebits), fmt.Sprintf("%#x", t.Report.Securebits))
	r.add("death signal", "", strconv.Itoa(int(unix.SIGKILL)), strconv.Itoa(int(t.Report.DeathSignal)))
	r.add("dumpable", "", "0", strconv.Itoa(int(t.Report.Dumpable)))
	if t.Policy.Exec.Memory.MDWE {
		r.add("mdwe", "", "1", strconv.Itoa(int(t.Report.MDWE)))
	}
	n := &t.Policy.Namespaces
	if uid, root := n.HostUID(t.Policy.Exec.UID), n.HostUID(0); uid != 0 && uid != root {
		var st unix.Stat_t
		r.fail("status", unix.Fstatat(r.proc.dir, "status", &st, unix.AT_SYMLINK_NOFOLLOW))
		want := uint32(0)
		if st.Uid == root {
			want = root
		}
		r.add("owner", "", strconv.FormatUint(uint64(want), 10), strconv.FormatUint(uint64(st.Uid), 10))
	}
}
