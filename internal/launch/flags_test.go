package launch

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"casemate/internal/caps"
	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

// values of the names that plans print, from x/sys rather than from the rooms that
// print them.
var values = map[string]uint64{
	"0": 0, "AT_EMPTY_PATH": unix.AT_EMPTY_PATH, "AT_RECURSIVE": unix.AT_RECURSIVE, "AT_FDCWD": ^uint64(99),
	"OPEN_TREE_CLONE": unix.OPEN_TREE_CLONE, "OPEN_TREE_CLOEXEC": unix.OPEN_TREE_CLOEXEC,
	"F_EMPTY_PATH": unix.MOVE_MOUNT_F_EMPTY_PATH, "T_EMPTY_PATH": unix.MOVE_MOUNT_T_EMPTY_PATH,
	"FSOPEN_CLOEXEC": unix.FSOPEN_CLOEXEC, "FSMOUNT_CLOEXEC": unix.FSMOUNT_CLOEXEC,
	"FSCONFIG_SET_STRING": unix.FSCONFIG_SET_STRING, "FSCONFIG_CMD_CREATE": unix.FSCONFIG_CMD_CREATE,
	"RDONLY": unix.MOUNT_ATTR_RDONLY, "NOSUID": unix.MOUNT_ATTR_NOSUID, "NODEV": unix.MOUNT_ATTR_NODEV, "NOEXEC": unix.MOUNT_ATTR_NOEXEC,
	"O_PATH": unix.O_PATH, "O_DIRECTORY": unix.O_DIRECTORY, "O_CLOEXEC": unix.O_CLOEXEC, "O_WRONLY": unix.O_WRONLY,
	"BENEATH": unix.RESOLVE_BENEATH, "NO_SYMLINKS": unix.RESOLVE_NO_SYMLINKS, "NO_MAGICLINKS": unix.RESOLVE_NO_MAGICLINKS, "NO_XDEV": unix.RESOLVE_NO_XDEV,
	"MS_REC": unix.MS_REC, "MS_PRIVATE": unix.MS_PRIVATE, "MNT_DETACH": unix.MNT_DETACH,
	"CLONE_NEWNS": unix.CLONE_NEWNS, "CLONE_NEWPID": unix.CLONE_NEWPID, "CLONE_NEWUTS": unix.CLONE_NEWUTS,
	"CLONE_NEWIPC": unix.CLONE_NEWIPC, "CLONE_NEWNET": unix.CLONE_NEWNET, "CLONE_NEWCGROUP": unix.CLONE_NEWCGROUP,
	"CLONE_NEWUSER": unix.CLONE_NEWUSER, "CLONE_NEWTIME": unix.CLONE_NEWTIME,
	"AF_INET": unix.AF_INET, "SOCK_DGRAM": unix.SOCK_DGRAM, "SOCK_CLOEXEC": unix.SOCK_CLOEXEC, "SIOCSIFFLAGS": unix.SIOCSIFFLAGS,
	"S_IFREG": unix.S_IFREG, "S_IFCHR": unix.S_IFCHR, "SIGKILL": uint64(unix.SIGKILL), "UINT_MAX": 1<<32 - 1,
	"PR_SET_PDEATHSIG": unix.PR_SET_PDEATHSIG, "PR_SET_DUMPABLE": unix.PR_SET_DUMPABLE, "PR_SET_NO_NEW_PRIVS": unix.PR_SET_NO_NEW_PRIVS,
	"PR_CAPBSET_DROP": unix.PR_CAPBSET_DROP, "PR_SET_KEEPCAPS": unix.PR_SET_KEEPCAPS, "PR_SET_SECUREBITS": unix.PR_SET_SECUREBITS,
	"PR_CAP_AMBIENT": unix.PR_CAP_AMBIENT, "PR_CAP_AMBIENT_CLEAR_ALL": unix.PR_CAP_AMBIENT_CLEAR_ALL, "PR_CAP_AMBIENT_RAISE": unix.PR_CAP_AMBIENT_RAISE,
	"KEYCTL_JOIN_SESSION_KEYRING": unix.KEYCTL_JOIN_SESSION_KEYRING, "KEYCTL_GET_KEYRING_ID": unix.KEYCTL_GET_KEYRING_ID, "SECCOMP_SET_MODE_FILTER": unix.SECCOMP_SET_MODE_FILTER,
	"RLIMIT_CORE": unix.RLIMIT_CORE, "RLIMIT_NOFILE": unix.RLIMIT_NOFILE, "RLIMIT_MEMLOCK": unix.RLIMIT_MEMLOCK,
	"RLIMIT_NPROC": unix.RLIMIT_NPROC, "RLIMIT_SIGPENDING": 11, "RLIMIT_MSGQUEUE": 12, // asm-generic/resource.h
	// linux/securebits.h, which x/sys does not carry; caps has a test of the numbers.
	"NOROOT": 1 << 0, "NOROOT_LOCKED": 1 << 1, "NO_SETUID_FIXUP_LOCKED": 1 << 3, "KEEP_CAPS_LOCKED": 1 << 5,
	"NO_CAP_AMBIENT_RAISE": 1 << 6, "NO_CAP_AMBIENT_RAISE_LOCKED": 1 << 7,
	"NOSYMFOLLOW": unix.MOUNT_ATTR_NOSYMFOLLOW, "MFD_EXEC": unix.MFD_EXEC, "PR_SET_MDWE": unix.PR_SET_MDWE, "PR_MDWE_REFUSE_EXEC_GAIN": unix.PR_MDWE_REFUSE_EXEC_GAIN,
	"PR_SCHED_CORE": unix.PR_SCHED_CORE, "PR_SCHED_CORE_CREATE": unix.PR_SCHED_CORE_CREATE, "PR_SCHED_CORE_SCOPE_THREAD_GROUP": unix.PR_SCHED_CORE_SCOPE_THREAD_GROUP,
	"PR_SET_SPECULATION_CTRL": unix.PR_SET_SPECULATION_CTRL, "PR_SPEC_STORE_BYPASS": unix.PR_SPEC_STORE_BYPASS, "PR_SPEC_INDIRECT_BRANCH": unix.PR_SPEC_INDIRECT_BRANCH,
	"PR_SPEC_FORCE_DISABLE":      unix.PR_SPEC_FORCE_DISABLE,
	"LANDLOCK_RULE_PATH_BENEATH": unix.LANDLOCK_RULE_PATH_BENEATH, "LANDLOCK_RULE_NET_PORT": 2,
	"LOG_NEW_EXEC_ON": unix.LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON, "LOG_SUBDOMAINS_OFF": unix.LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF,
	"NULL": 0, "PER_LINUX": 0,
}

func init() {
	for c := range 64 {
		values[caps.Name(c)] = uint64(c)
	}
}

// flagsPrinted reads every number back from its printed name: what a reviewer sees is
// what the kernel gets, no bit more.
func flagsPrinted(p *plan.Plan) error {
	if err := printed(p.Clone); err != nil {
		return err
	}
	for i, s := range slices.Concat(p.Steps, p.Holder.Steps) {
		for _, a := range s.Args {
			if err := printed(a); err != nil {
				return fmt.Errorf("step %d, %s: %w", i, s, err)
			}
		}
		if s.Op == plan.Openat2 || s.Op == plan.MountSetattr {
			if err := printedStruct(s); err != nil {
				return fmt.Errorf("step %d, %s: %w", i, s, err)
			}
		}
	}
	return nil
}

func printed(a plan.Arg) error {
	if a.Kind != plan.KindInt {
		return nil
	}
	var major, minor uint32
	if n, _ := fmt.Sscanf(a.String(), "makedev(%d, %d)", &major, &minor); n == 2 {
		if unix.Mkdev(major, minor) != a.Int {
			return fmt.Errorf("%s is printed for %#x", a, a.Int)
		}
		return nil
	}
	if v, err := number(a.String()); err != nil || v != a.Int {
		return fmt.Errorf("%s is printed for %#x: %w", a, a.Int, err)
	}
	return nil
}

// number reads "A|B", an octal or a decimal number.
func number(text string) (uint64, error) {
	var sum uint64
	for word := range strings.SplitSeq(text, "|") {
		v, ok := values[word]
		if !ok {
			if _, err := fmt.Sscan(word, &v); err != nil {
				return 0, fmt.Errorf("%q is no known name", word)
			}
		}
		sum |= v
	}
	return sum, nil
}

// printedStruct reads struct open_how and struct mount_attr back, with x/sys's idea of
// their fields.
func printedStruct(s plan.Step) error {
	a := s.Args[2]
	if s.Op == plan.MountSetattr {
		a = s.Args[3]
	}
	words := strings.Fields(strings.Trim(a.String(), "{}"))
	var want [2]uint64
	for i, w := range words {
		v, err := number(w)
		if err != nil {
			return err
		}
		want[i] = v
	}
	var got [2]uint64
	if s.Op == plan.Openat2 {
		var how unix.OpenHow
		if n, err := binary.Decode(a.Data, binary.NativeEndian, &how); err != nil || n != len(a.Data) || how.Mode != 0 {
			return fmt.Errorf("open_how of %d bytes: %w", len(a.Data), err)
		}
		got = [2]uint64{how.Flags, how.Resolve}
	} else {
		var attr unix.MountAttr
		if n, err := binary.Decode(a.Data, binary.NativeEndian, &attr); err != nil || n != len(a.Data) || attr.Attr_clr != 0 || attr.Userns_fd != 0 {
			return fmt.Errorf("mount_attr of %d bytes: %w", len(a.Data), err)
		}
		got = [2]uint64{attr.Attr_set, attr.Propagation}
	}
	if got != want {
		return fmt.Errorf("%s is printed for %#x", a, got)
	}
	return nil
}
