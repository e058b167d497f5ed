package render

import (
	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

// numbers of the calls on this architecture.
var numbers = map[plan.Op]uintptr{
	plan.Capset:                unix.SYS_CAPSET,
	plan.Chdir:                 unix.SYS_CHDIR,
	plan.CloseRange:            unix.SYS_CLOSE_RANGE,
	plan.Dup3:                  unix.SYS_DUP3,
	plan.Execveat:              unix.SYS_EXECVEAT,
	plan.Fchdir:                unix.SYS_FCHDIR,
	plan.Fsconfig:              unix.SYS_FSCONFIG,
	plan.Fsmount:               unix.SYS_FSMOUNT,
	plan.Fsopen:                unix.SYS_FSOPEN,
	plan.Ioctl:                 unix.SYS_IOCTL,
	plan.Keyctl:                unix.SYS_KEYCTL,
	plan.LandlockAddRule:       unix.SYS_LANDLOCK_ADD_RULE,
	plan.LandlockCreateRuleset: unix.SYS_LANDLOCK_CREATE_RULESET,
	plan.LandlockRestrictSelf:  unix.SYS_LANDLOCK_RESTRICT_SELF,
	plan.MemfdCreate:           unix.SYS_MEMFD_CREATE,
	plan.Mkdirat:               unix.SYS_MKDIRAT,
	plan.Mknodat:               unix.SYS_MKNODAT,
	plan.Mount:                 unix.SYS_MOUNT,
	plan.MountSetattr:          unix.SYS_MOUNT_SETATTR,
	plan.MoveMount:             unix.SYS_MOVE_MOUNT,
	plan.OpenTree:              unix.SYS_OPEN_TREE,
	plan.Openat2:               unix.SYS_OPENAT2,
	plan.Personality:           unix.SYS_PERSONALITY,
	plan.PivotRoot:             unix.SYS_PIVOT_ROOT,
	plan.Prctl:                 unix.SYS_PRCTL,
	plan.Prlimit64:             unix.SYS_PRLIMIT64,
	plan.Read:                  unix.SYS_READ,
	plan.Seccomp:               unix.SYS_SECCOMP,
	plan.Setgroups:             unix.SYS_SETGROUPS,
	plan.Sethostname:           unix.SYS_SETHOSTNAME,
	plan.Setns:                 unix.SYS_SETNS,
	plan.Setresgid:             unix.SYS_SETRESGID,
	plan.Setresuid:             unix.SYS_SETRESUID,
	plan.Setsid:                unix.SYS_SETSID,
	plan.Socket:                unix.SYS_SOCKET,
	plan.Symlinkat:             unix.SYS_SYMLINKAT,
	plan.Umask:                 unix.SYS_UMASK,
	plan.Umount2:               unix.SYS_UMOUNT2,
	plan.Unshare:               unix.SYS_UNSHARE,
	plan.Write:                 unix.SYS_WRITE,
}

// errnos that a step may count as success.
var errnos = map[string]unix.Errno{"EEXIST": unix.EEXIST, "EBADFD": unix.EBADFD}

// refusals that a step may have to meet.
var refusals = map[string]unix.Errno{"EACCES": unix.EACCES}
