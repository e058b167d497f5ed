package region

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"casemate/policy/filter"
)

// families tells by which prefixes the values of an argument are named. A call stands
// before an argument's name alone, which serves all calls.
var families = map[string]string{
	"prot": "PROT_", "domain": "AF_", "option": "PR_SET_ PR_GET_ PR_CAPBSET_ PR_CAP_AMBIENT", "advice": "MADV_", "whence": "SEEK_", "clockid": "CLOCK_",
	"resource": "RLIMIT_", "dirfd": "AT_FDCWD", "olddirfd": "AT_FDCWD", "newdirfd": "AT_FDCWD", "who": "RUSAGE_", "level": "SOL_",
	"clone.flags": "CLONE_", "unshare.flags": "CLONE_", "setns.nstype": "CLONE_", "mmap.flags": "MAP_",
	"open.flags": "O_", "openat.flags": "O_", "pipe2.flags": "O_", "dup3.flags": "O_",
	"socket.type": "SOCK_", "socketpair.type": "SOCK_", "accept4.flags": "SOCK_", "socket.protocol": "IPPROTO_",
	"ioctl.cmd": "TIOC", "fcntl.cmd": "F_DUPFD F_GET F_SET F_ADD_ F_NOTIFY F_OFD_", "madvise.advice": "MADV_", "memfd_create.flags": "MFD_", "seccomp.operation": "SECCOMP_SET_",
	"ptrace.request": "PTRACE_", "keyctl.operation": "KEYCTL_", "futex.futex_op": "FUTEX_", "personality.persona": "PER_",
	"mount.mountflags": "MS_", "umount2.flags": "MNT_", "flock.operation": "LOCK_", "arch_prctl.code": "ARCH_",
	"membarrier.cmd": "MEMBARRIER_CMD_", "epoll_ctl.op": "EPOLL_CTL_", "waitid.idtype": "P_", "mlockall.flags": "MCL_",
	"sched_setscheduler.policy": "SCHED_", "getrandom.flags": "GRND_", "shutdown.how": "SHUT_", "renameat2.flags": "RENAME_",
	"splice.flags": "SPLICE_F_", "mremap.flags": "MREMAP_", "msync.flags": "MS_", "unlinkat.flags": "AT_", "userfaultfd.flags": "UFFD_",
	"rt_sigprocmask.how": "SIG_", "sendto.flags": "MSG_", "recvfrom.flags": "MSG_", "sendmsg.flags": "MSG_", "recvmsg.flags": "MSG_",
	"fallocate.mode": "FALLOC_FL_", "inotify_add_watch.mask": "IN_", "ioprio_set.which": "IOPRIO_WHO_",
}

// constants of the term's argument.
func (t term) constants() []filter.Constant {
	name := t.arg.Names[0]
	prefix, ok := families[t.syscall+"."+name]
	if !ok {
		prefix = families[name]
	}
	var all []filter.Constant
	for _, p := range strings.Fields(prefix) {
		all = append(all, filter.Constants(t.arch, p)...)
	}
	return slices.DeleteFunc(all, func(c filter.Constant) bool {
		return slices.ContainsFunc(others, func(o string) bool { return strings.HasPrefix(c.Name, o) })
	})
}

// value names a value under a mask: a constant, or flags that make it up, or the number.
func (t term) value(v, mask uint64) string {
	if v == 0 && mask != t.arg.Mask() {
		return "0" // none of these flags, rather than a constant that happens to be 0
	}
	all := t.constants()
	if text, ok := flags(all, v); ok {
		return text
	}
	for _, c := range all { // AT_FDCWD is negative
		if c.Value&t.arg.Mask() == v {
			return c.Name
		}
	}
	return number(v)
}

func number(v uint64) string {
	if v < 10 {
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("%#x", v)
}

// mask names the bits of a mask, in parentheses where there are several.
func (t term) mask(m uint64) string {
	if t.syscall == "clone" || t.syscall == "unshare" {
		if m == namespaces(t.arch) {
			return "@CLONE_NEW"
		}
	}
	text, ok := flags(t.constants(), m)
	switch {
	case !ok:
		return number(m)
	case strings.Contains(text, "|"):
		return "(" + text + ")"
	}
	return text
}

// namespaces is what @CLONE_NEW stands for.
func namespaces(arch filter.Arch) uint64 {
	var all uint64
	for _, c := range filter.Constants(arch, "CLONE_NEW") {
		all |= c.Value
	}
	return all
}

// flags writes v as one constant, or as single bits that have names.
func flags(all []filter.Constant, v uint64) (string, bool) {
	var names []string
	left := v
	for _, c := range all {
		if c.Value == v {
			return c.Name, true
		}
		if bits.OnesCount64(c.Value) == 1 && left&c.Value != 0 {
			names, left = append(names, c.Name), left&^c.Value
		}
	}
	return strings.Join(names, "|"), left == 0 && v != 0
}

// others begin names that share a prefix and values with those that are meant.
var others = []string{
	"AF_FILE", "AF_LOCAL", "AF_ROUTE", "SOCK_SNDBUF_LOCK", "SOCK_RCVBUF_LOCK", "O_LARGEFILE", "MS_MANDLOCK",
	"PR_SET_MM_", "PR_CAP_AMBIENT_", "PTRACE_EVENT_", "PTRACE_EVENTMSG_", "PTRACE_PEEKSIGINFO_SHARED", "PTRACE_O_", "PTRACE_SYSCALL_INFO_", "TIOCM_", "TIOCPKT_", "TIOCSER_",
	"SCHED_FLAG_", "CLONE_ARGS_SIZE_", "MAP_HUGE_", "MFD_HUGE_",
}
