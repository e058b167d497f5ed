package diff

import (
	"casemate/policy/filter"

	"golang.org/x/sys/unix"
)

// rank orders the actions of seccomp(2), the one that lets most happen last: denied;
// decided by a program elsewhere, which may let it happen; done and logged; done.
func rank(a filter.Action) (int, bool) {
	switch uint32(a) & unix.SECCOMP_RET_ACTION_FULL {
	case unix.SECCOMP_RET_KILL_PROCESS, unix.SECCOMP_RET_KILL_THREAD, unix.SECCOMP_RET_TRAP, unix.SECCOMP_RET_ERRNO:
		return 0, true
	case unix.SECCOMP_RET_USER_NOTIF, unix.SECCOMP_RET_TRACE:
		return 1, true
	case unix.SECCOMP_RET_LOG:
		return 2, true
	case unix.SECCOMP_RET_ALLOW:
		return 3, true
	}
	return 0, false
}

// judge orders two verdicts that differ.
func judge(v verdicts) (Order, string) {
	o, ok := rank(v.old)
	n, ok2 := rank(v.new)
	switch {
	case !ok || !ok2:
		return Unknown, "an action that is not known"
	case o != n:
		return widths(o, n), ""
	case kills(v.old) && !kills(v.new):
		return Softened, "the process lives on"
	case v == verdicts{filter.ActionEPERM, filter.ActionENOSYS}, v == verdicts{filter.ActionENOSYS, filter.ActionEPERM}:
		return Behaviour, "libraries fall back after ENOSYS and give up after EPERM"
	}
	return Behaviour, ""
}

func kills(a filter.Action) bool {
	action := uint32(a) & unix.SECCOMP_RET_ACTION_FULL
	return action == unix.SECCOMP_RET_KILL_PROCESS || action == unix.SECCOMP_RET_KILL_THREAD
}

// verdict is the short form: EPERM for ERRNO(EPERM).
func verdict(a filter.Action) string {
	if uint32(a)&unix.SECCOMP_RET_ACTION_FULL == unix.SECCOMP_RET_ERRNO {
		if name := unix.ErrnoName(unix.Errno(uint32(a) & unix.SECCOMP_RET_DATA)); name != "" {
			return name
		}
	}
	return a.String()
}
