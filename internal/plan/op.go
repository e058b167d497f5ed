package plan

// Op is a system call by name. The list is closed: what a launch can do to the
// kernel is what stands here, and internal/render refuses anything else.
type Op string

// The system calls of a launch.
const (
	Capset                Op = "capset"
	Chdir                 Op = "chdir"
	CloseRange            Op = "close_range"
	Dup3                  Op = "dup3"
	Execveat              Op = "execveat"
	Fchdir                Op = "fchdir"
	Fsconfig              Op = "fsconfig"
	Fsmount               Op = "fsmount"
	Fsopen                Op = "fsopen"
	Ioctl                 Op = "ioctl"
	Keyctl                Op = "keyctl"
	LandlockAddRule       Op = "landlock_add_rule"
	LandlockCreateRuleset Op = "landlock_create_ruleset"
	LandlockRestrictSelf  Op = "landlock_restrict_self"
	MemfdCreate           Op = "memfd_create"
	Mkdirat               Op = "mkdirat"
	Mknodat               Op = "mknodat"
	Mount                 Op = "mount"
	MountSetattr          Op = "mount_setattr"
	MoveMount             Op = "move_mount"
	OpenTree              Op = "open_tree"
	Openat2               Op = "openat2"
	Personality           Op = "personality"
	PivotRoot             Op = "pivot_root"
	Prctl                 Op = "prctl"
	Prlimit64             Op = "prlimit64"
	Read                  Op = "read"
	Seccomp               Op = "seccomp"
	Setgroups             Op = "setgroups"
	Sethostname           Op = "sethostname"
	Setns                 Op = "setns"
	Setresgid             Op = "setresgid"
	Setresuid             Op = "setresuid"
	Setsid                Op = "setsid"
	Socket                Op = "socket"
	Symlinkat             Op = "symlinkat"
	Umask                 Op = "umask"
	Umount2               Op = "umount2"
	Unshare               Op = "unshare"
	Write                 Op = "write"
)

// Ops lists them all, for tests that walk the list.
var Ops = []Op{
	Capset, Chdir, CloseRange, Dup3, Execveat, Fchdir, Fsconfig, Fsmount, Fsopen,
	Ioctl, Keyctl, LandlockAddRule, LandlockCreateRuleset, LandlockRestrictSelf, MemfdCreate, Mkdirat, Mknodat, Mount, MountSetattr, MoveMount, OpenTree,
	Openat2, Personality, PivotRoot, Prctl, Prlimit64, Read, Seccomp, Setgroups, Sethostname,
	Setns, Setresgid, Setresuid, Setsid, Socket, Symlinkat, Umask, Umount2, Unshare, Write,
}
