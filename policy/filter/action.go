package filter

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Action is a verdict, as the word that the filter returns to the kernel
// (SECCOMP_RET_* of seccomp(2)). The zero Action is none of ours.
type Action uint32

// The closed set of actions. Killing is always of the whole process: a process
// that loses one thread hangs instead of failing.
const (
	ActionAllow       Action = unix.SECCOMP_RET_ALLOW
	ActionEPERM       Action = unix.SECCOMP_RET_ERRNO | Action(unix.EPERM)
	ActionEACCES      Action = unix.SECCOMP_RET_ERRNO | Action(unix.EACCES)
	ActionENOSYS      Action = unix.SECCOMP_RET_ERRNO | Action(unix.ENOSYS)
	ActionKillProcess Action = unix.SECCOMP_RET_KILL_PROCESS
)

// ParseAction reads the word for a verdict that denies. There is no word for the
// verdict that allows: a policy allows by listing.
func ParseAction(word string) (Action, error) {
	switch word {
	case "EPERM":
		return ActionEPERM, nil
	case "EACCES":
		return ActionEACCES, nil
	case "ENOSYS":
		return ActionENOSYS, nil
	case "kill":
		return ActionKillProcess, nil
	}
	return 0, fmt.Errorf("action %q: not one of EPERM, EACCES, ENOSYS, kill", word)
}

var actionNames = map[uint32]string{
	unix.SECCOMP_RET_ALLOW:        "ALLOW",
	unix.SECCOMP_RET_LOG:          "LOG",
	unix.SECCOMP_RET_TRACE:        "TRACE",
	unix.SECCOMP_RET_USER_NOTIF:   "USER_NOTIF",
	unix.SECCOMP_RET_ERRNO:        "ERRNO",
	unix.SECCOMP_RET_TRAP:         "TRAP",
	unix.SECCOMP_RET_KILL_THREAD:  "KILL_THREAD",
	unix.SECCOMP_RET_KILL_PROCESS: "KILL_PROCESS",
}

// String names any action of seccomp(2), with its data where it has some: filters of
// other people are read too.
func (a Action) String() string {
	action, data := uint32(a)&unix.SECCOMP_RET_ACTION_FULL, uint32(a)&unix.SECCOMP_RET_DATA
	name, ok := actionNames[action]
	switch errno := unix.ErrnoName(unix.Errno(data)); {
	case !ok:
		return fmt.Sprintf("%#x", uint32(a))
	case action == unix.SECCOMP_RET_ERRNO && errno != "":
		return name + "(" + errno + ")"
	case action == unix.SECCOMP_RET_ERRNO || data != 0:
		return fmt.Sprintf("%s(%d)", name, data)
	}
	return name
}

// Denies reports whether a is of the set and not ActionAllow.
func (a Action) Denies() bool {
	return a == ActionEPERM || a == ActionEACCES || a == ActionENOSYS || a == ActionKillProcess
}
