package facts

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// hidden says why the program of another process's filter cannot be read back by
// PTRACE_SECCOMP_GET_FILTER (ptrace(2), Linux 4.4), by what that asks for: a kernel that
// keeps the program, CAP_SYS_ADMIN in the first user namespace, no filter on the reader, and
// a Yama that lets attach. A kernel that keeps programs is one with CONFIG_CHECKPOINT_RESTORE,
// which shows in kernel.ns_last_pid.
func (v View) hidden(f *Facts) error {
	mode, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0)
	if err == nil && mode != 0 {
		f.Hidden = "the shim runs under a filter itself"
		return nil
	}
	dir, name := v.place("/proc/sys/kernel/ns_last_pid")
	var st unix.Stat_t
	if err := unix.Fstatat(dir, name, &st, 0); errors.Is(err, unix.ENOENT) {
		f.Hidden = "the kernel does not keep it (CONFIG_CHECKPOINT_RESTORE)"
		return nil
	} else if err != nil {
		return fmt.Errorf("kernel.ns_last_pid: %w", err)
	}
	dir, name = v.place("/proc/sys/kernel/yama/ptrace_scope")
	scope, err := ReadAt(dir, name, 0)
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("kernel.yama.ptrace_scope: %w", err)
	}
	if string(scope) == "3\n" {
		f.Hidden = "nobody may attach (kernel.yama.ptrace_scope is 3)"
		return nil
	}
	dir, name = v.place("/proc/self/ns/user")
	if err := unix.Fstatat(dir, name, &st, 0); err == nil && st.Ino != firstUserNamespace {
		f.Hidden = "the shim is not in the first user namespace"
	}
	return nil
}

// firstUserNamespace is PROC_USER_INIT_INO of linux/proc_ns.h.
const firstUserNamespace = 0xEFFFFFFD
