package syntax

// The tags of these types are the language:
//
//	toml   the key
//	doc    one sentence for the editor; it goes into the JSON Schema
//	enum   the words allowed, separated by |
//	min    max   bounds of an integer, or of the number of entries of a list or map
//	merge  "whole": a list that is one value; a base's list is not united with it
//	empty  "ok": the strings may be empty
//	need   "yes": the key must be there
//	eg     a value as TOML has it, for the hint where a key is missing
//	hint   for a value out of range or a word that is not known, where bounds or words alone are no help
//
// A pointer is a key that may be absent.

// File is one policy or base.
type File struct {
	Policy       int64        `toml:"policy" need:"yes" min:"1" max:"1" eg:"1" hint:"this version of casemate knows policy = 1 alone; a newer one may know others" doc:"Version of the policy language: 1."`
	Service      *string      `toml:"service" doc:"Name of the service; names its cgroup, state directory and log lines. A base has none."`
	Extends      []string     `toml:"extends" max:"8" doc:"Bases whose grants are added: \"base/NAME\" (shipped) or \"./FILE.toml\" (beside this file). Order does not matter."`
	Arch         []string     `toml:"arch" merge:"whole" enum:"amd64|arm64|x86_64|aarch64" doc:"Architectures to compile filters for. Default: amd64 and arm64."`
	Exec         Exec         `toml:"exec" doc:"The workload and its process attributes."`
	Root         Root         `toml:"root" doc:"What becomes the root directory. Default: a fresh tmpfs that holds the mounts and nothing else, read-only."`
	Namespaces   Namespaces   `toml:"namespaces" doc:"Every namespace is new unless it is shared here."`
	Mounts       Mounts       `toml:"mounts" doc:"What is mounted. Every mount is nosuid; read-only, noexec and nodev unless said otherwise."`
	Masks        Masks        `toml:"masks" doc:"Paths made unreadable or read-only, added to the defaults."`
	Capabilities Capabilities `toml:"capabilities" doc:"Capabilities of capabilities(7), without CAP_. Default: none."`
	Seccomp      Seccomp      `toml:"seccomp" doc:"System calls. What is not allowed is denied."`
	LSM          LSM          `toml:"lsm" doc:"Labels of security modules."`
	Cgroup       Cgroup       `toml:"cgroup" doc:"Control files of cgroup v2. A controller that is named here must exist on the host."`
	Network      Network      `toml:"network" doc:"The network of the workload."`
	Signals      Signals      `toml:"signals" doc:"What init does with the signals it gets."`
	// Not [service]: TOML has no room for it beside the string key service, and
	// the string is what people look for in the first lines.
	Manager Manager           `toml:"manager" doc:"The contract with the service manager."`
	Why     map[string]string `toml:"why" max:"512" doc:"A reason for each dangerous grant, keyed by the grant: \"capabilities.SYS_ADMIN\", \"seccomp.ptrace\", \"namespaces.net\", \"masks./proc/kcore\"."`
	Waive   []Waive           `toml:"waive" doc:"Findings of the audit that are accepted for a time."`

	root *Node
}

// Exec is the workload and its process attributes.
type Exec struct {
	Argv     []string          `toml:"argv" merge:"whole" min:"1" max:"1024" empty:"ok" doc:"Program and arguments. The program is an absolute path inside the root."`
	Env      map[string]string `toml:"env" empty:"ok" doc:"The whole environment, besides PATH where this does not set it."`
	Cwd      *string           `toml:"cwd" doc:"Working directory inside the root. Default: /."`
	User     *string           `toml:"user" doc:"A decimal user id, or a name resolved at compile time. Default: 65534."`
	Group    *string           `toml:"group" doc:"A decimal group id or a name. Default: the user's primary group where the user is a name; 65534 where there is no user either."`
	Groups   []string          `toml:"groups" max:"64" doc:"Supplementary groups; no others are taken from the group file."`
	Umask    *string           `toml:"umask" doc:"File mode creation mask, octal. Default: 0027."`
	Rlimits  map[string]string `toml:"rlimits" max:"16" doc:"Limits of setrlimit(2) by name: \"soft:hard\", or one value for both; a number, a size or \"unlimited\". Default: nofile 1024:4096, core 0."`
	OOMScore *int64            `toml:"oom_score_adj" min:"-1000" max:"1000" doc:"oom_score_adj of proc(5). Default: not changed."`
	MDWE     *bool             `toml:"mdwe" doc:"No memory is executed that was writable, PR_SET_MDWE: for programs without a JIT compiler. Default: false."`
	MemFD    *bool             `toml:"memfd_exec" doc:"Files of memfd_create(2), where it is allowed, may be executed; needs a why. Default: false, by vm.memfd_noexec where the kernel has it."`
	Core     *bool             `toml:"core_scheduling" doc:"No other process runs on the same core at the same time, by threads of it, PR_SCHED_CORE. Default: false."`
	Spec     []string          `toml:"no_speculation" enum:"store-bypass|indirect-branch" doc:"Speculation that is switched off for good, PR_SET_SPECULATION_CTRL. Default: none."`
	TTY      *bool             `toml:"tty" doc:"Standard input must be a terminal, and becomes the controlling terminal of the workload. Default: false, no terminal."`
}

// Root says what becomes "/".
type Root struct {
	Path     *string           `toml:"path" doc:"A directory of the host, treated as hostile: mount points must exist in it and no symbolic link is followed."`
	Image    *Image            `toml:"image" doc:"A file system image, mounted read-only; mount points must exist in it."`
	Writable *bool             `toml:"writable" doc:"Leave the root writable. Default: false."`
	IDMap    bool              `toml:"idmap" doc:"What belongs to an id on disk belongs to the same id inside the user namespace. Default: false."`
	Symlinks map[string]string `toml:"symlinks" doc:"Symbolic links made in an assembled root: path = target."`
}

// Image is a root file system in a file.
type Image struct {
	File     string  `toml:"file" need:"yes" eg:"\"/usr/share/images/NAME.erofs\"" doc:"An erofs or squashfs file of the host, root's and writable by nobody else."`
	Verity   *string `toml:"verity" doc:"A file of the host with its dm-verity hash tree, as veritysetup format makes it. Needs root_hash."`
	RootHash *string `toml:"root_hash" doc:"The SHA-256 at the root of the hash tree, 64 hexadecimal digits. What does not hash up to it cannot be read."`
}

// Namespaces says which are shared, and sets up some.
type Namespaces struct {
	Share    []string `toml:"share" enum:"net|uts|ipc|cgroup|pid|mount" hint:"it is one of net, uts, ipc, cgroup; PID and mount namespaces are always new, and namespaces.user describes a user namespace" doc:"Namespaces shared with the host. PID and mount namespaces are always new."`
	User     *UserMap `toml:"user" doc:"A user namespace with these identity maps. All ids of the policy are then those inside it. Default: none, the host's."`
	Time     *Offsets `toml:"time" doc:"A time namespace, whose clocks differ from the host's by these offsets. Default: none, the host's."`
	Hostname *string  `toml:"hostname" doc:"Host name in the new UTS namespace. Default: the service's name."`
}

// UserMap holds lines of uid_map and gid_map, user_namespaces(7).
type UserMap struct {
	UID []string `toml:"uid" need:"yes" eg:"[\"0 100000 65536\"]" merge:"whole" min:"1" max:"340" doc:"Lines of uid_map: \"INSIDE OUTSIDE COUNT\", the first ids of both ranges and how many."`
	GID []string `toml:"gid" need:"yes" eg:"[\"0 100000 65536\"]" merge:"whole" min:"1" max:"340" doc:"Lines of gid_map: \"INSIDE OUTSIDE COUNT\"."`
}

// Offsets of clocks, time_namespaces(7). The seconds are those of half a ktime_t.
type Offsets struct {
	Monotonic     *int64 `toml:"monotonic" min:"-4611686017" max:"4611686017" doc:"Seconds added to CLOCK_MONOTONIC. The sum must not be negative when the service is launched."`
	MonotonicNsec *int64 `toml:"monotonic_nsec" min:"0" max:"999999999" doc:"Nanoseconds added to it besides."`
	Boottime      *int64 `toml:"boottime" min:"-4611686017" max:"4611686017" doc:"Seconds added to CLOCK_BOOTTIME. The sum must not be negative when the service is launched."`
	BoottimeNsec  *int64 `toml:"boottime_nsec" min:"0" max:"999999999" doc:"Nanoseconds added to it besides."`
}

// Mounts is everything mounted besides the root.
type Mounts struct {
	Bind   []BindMount  `toml:"bind" max:"100" doc:"Paths of the host."`
	Tmpfs  []TmpfsMount `toml:"tmpfs" max:"100" doc:"Fresh, writable and bounded; owned by the workload's user."`
	Proc   *string      `toml:"proc" enum:"masked|none|pid-only" doc:"/proc of the new PID namespace with the default masks, or none. \"pid-only\" has the processes and none of the kernel's files, which takes Linux 5.8. Default: masked."`
	Sysfs  *bool        `toml:"sysfs" doc:"/sys, read-only. Default: false."`
	Dev    *string      `toml:"dev" enum:"minimal|none" doc:"/dev with null, zero, full, random, urandom, tty, the fd links and an own devpts, or none. Default: minimal."`
	Mqueue *bool        `toml:"mqueue" doc:"/dev/mqueue, POSIX message queues. Default: false."`
	Shm    *string      `toml:"shm" doc:"Size of a tmpfs at /dev/shm for shm_open(3). Default: none is mounted."`
	Cgroup *bool        `toml:"cgroup" doc:"/sys/fs/cgroup, read-only, of the workload's own cgroup; needs sysfs. Default: false."`
}

// BindMount is one path of the host.
type BindMount struct {
	From      string  `toml:"from" need:"yes" eg:"\"/usr\"" doc:"Path on the host; \"./x\" is beside the policy file (for checkouts: the directory is fixed at compile time)."`
	At        *string `toml:"at" doc:"Path inside the root. Default: from."`
	Type      *string `toml:"type" enum:"dir|file|socket" doc:"What stands there. Default: dir."`
	Writable  bool    `toml:"writable" doc:"Mount it writable. Default: false."`
	Exec      bool    `toml:"exec" doc:"Allow programs and libraries to be executed from it. Default: false."`
	Recursive bool    `toml:"recursive" doc:"Take the mounts below it too. Default: false."`
	IDMap     bool    `toml:"idmap" doc:"What belongs to an id on disk belongs to the same id inside the user namespace. Default: false, nobody's there."`
	NoFollow  bool    `toml:"nosymfollow" doc:"Follow no symbolic link in it. Default: false."`
}

// TmpfsMount is one fresh tmpfs.
type TmpfsMount struct {
	At     string  `toml:"at" need:"yes" eg:"\"/run/NAME\"" doc:"Path inside the root."`
	Size   *string `toml:"size" doc:"Bytes, or with K, M, G. Default: 16M."`
	Inodes *int64  `toml:"inodes" min:"16" max:"16777216" doc:"Files and directories at most. Default: one for every 4 KiB of the size, at most 65536."`
	Mode   *string `toml:"mode" doc:"Permission bits of its root, octal. Default: 0700."`
	Exec   bool    `toml:"exec" doc:"Allow what is written to it to be executed; needs a why. Default: false."`

	NoFollow bool `toml:"nosymfollow" doc:"Follow no symbolic link in it. Default: false."`
}

// Masks are paths hidden or frozen.
type Masks struct {
	Mask     []string `toml:"mask" doc:"Paths made unreadable; a directory ends in a slash."`
	Readonly []string `toml:"readonly" doc:"Paths made read-only; a directory ends in a slash."`
	Unmask   []string `toml:"unmask" doc:"Default masks and read-only paths to leave alone; each needs a why."`
}
