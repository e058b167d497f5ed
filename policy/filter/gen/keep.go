package main

import "strings"

// families of constants that can be the value of a system call's argument. The
// rest of x/sys (netlink attributes, audit records, file system magics, …) would
// only make "did you mean" worse.
var families = strings.Fields(`
	AF_ SOCK_ SOL_ SO_ IPPROTO_ MSG_ SHUT_ TCP_ UDP_ IP_ IPV6_ PACKET_ NETLINK_ VM_SOCKETS_
	PROT_ MAP_ MREMAP_ MADV_ MS_ MCL_ MLOCK_ MFD_ MPOL_
	CLONE_ PR_ PTRACE_ SECCOMP_ SCHED_ PRIO_ RLIMIT_ RUSAGE_ P_ KCMP_ PIDFD_
	O_ F_ FD_ AT_ S_I SEEK_ LOCK_ FALLOC_FL_ RENAME_ RWF_ SPLICE_ SYNC_FILE_RANGE_ STATX_ XATTR_ CLOSE_RANGE_
	SIG WNOHANG WUNTRACED WSTOPPED WEXITED WCONTINUED WNOWAIT WALL WCLONE WNOTHREAD
	CLOCK_ TIMER_ ITIMER_ TFD_ SFD_ EFD_ EPOLL_ IN_ FAN_ GRND_
	IPC_ SHM_ KEYCTL_ KEY_SPEC_ BPF_MAP_ BPF_PROG_ BPF_OBJ_ BPF_BTF_ BPF_LINK_ PERF_FLAG_ LANDLOCK_
	MNT_ UMOUNT_ FSOPEN_ FSCONFIG_ FSMOUNT_ FSPICK_ OPEN_TREE_ MOVE_MOUNT_ MOUNT_ATTR_
	LINUX_REBOOT_ MODULE_INIT_ KEXEC_
	TIOC TCGET TCSET TCSB TCFLSH TCXONC TUN SIOC BLK FS_IOC_ FICLONE FIDEDUPE LOOP_ RND NS_GET_ PERF_EVENT_IOC_
`)

// kept reports whether a constant goes into the table.
func kept(name string) bool {
	for _, f := range families {
		if strings.HasPrefix(name, f) {
			return true
		}
	}
	return false
}
