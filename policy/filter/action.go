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

func (a Action) String() string {
	switch a {
	case ActionAllow:
		return "ALLOW"
	case ActionEPERM:
		return "ERRNO(EPERM)"
	case ActionEACCES:
		return "ERRNO(EACCES)"
	case ActionENOSYS:
		return "ERRNO(ENOSYS)"
	case ActionKillProcess:
		return "KILL_PROCESS"
	}
	return fmt.Sprintf("%#x", uint32(a))
}

// Denies reports whether a is of the set and not ActionAllow.
func (a Action) Denies() bool {
	return a == ActionEPERM || a == ActionEACCES || a == ActionENOSYS || a == ActionKillProcess
}
