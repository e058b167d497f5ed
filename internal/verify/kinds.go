package verify

import (
	"maps"
	"slices"
	"strings"
)

// kinds are the sorts of checks, by the words that their names begin with, and where the
// kernel says what is compared. A check whose kind is not here is a bug that a test finds;
// shim/unlike_test.go breaks a launch at each of them.
var kinds = map[string]string{
	// who it is and what it may
	"Uid": status, "Gid": status, "Groups": status, "Umask": status,
	"CapInh": status, "CapPrm": status, "CapEff": status, "CapBnd": status, "CapAmb": status,
	"NoNewPrivs": status, "Seccomp": status, "Seccomp_filters": status,
	"seccomp program": "ptrace", "securebits": byInit, "apparmor": "attr", "selinux": "attr",
	"dumpable": byInit, "death signal": byInit, "mdwe": byInit, "owner": "stat of status",

	// where it is
	"namespace": "ns", "map": "uid_map", "clocks": "timens_offsets", "pid inside": status, "hostname": "setns", "loopback": "setns", "cgroup": "cgroup",
	"process group": stat, "session": stat, "terminal": stat,

	// what it is bounded by
	"limit": "limits", "cgroup file": "cgroup2", "device program": "bpf", "oom_score_adj": "oom_score_adj", "personality": "personality",
	"speculation": status, "core scheduling": "prctl",

	// what it executes and has
	"program": "exe", "arguments": "cmdline", "environment": "environ", "descriptors": "fd", "descriptor": "fd",

	// what it sees
	"root": "root", "directory": "cwd", "mount": "mountinfo", "source": "statx", "type": "mountinfo", "bounds": "statfs",
	"standing": "statx", "node": "statx", "link": "readlink",
}

// Kinds lists them.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }

// KindOf is the kind of the check of a name; "" for a name that no check has.
func KindOf(name string) (kind string) {
	for k := range kinds {
		if (name == k || strings.HasPrefix(name, k+" ")) && len(k) > len(kind) {
			kind = k
		}
	}
	return kind
}

const (
	status = "status" // proc_pid_status(5), and so on
	stat   = "stat"

	// byInit marks what only the process itself is told: init has read it at the gate and
	// reported it. That is weaker than the rest.
	byInit = "init"
)
