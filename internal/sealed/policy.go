// Package sealed is the one contract between the image build and the boot: the
// types of a sealed policy, its codec, its digest and its signature.
//
// A sealed policy is resolved: no name is left to look up, no default to fill in.
// Every value that can make a step fail carries At, where it was written
// ("nginx.toml:14", "base/daemon:7", or "default"), so that an error at boot can
// name the line a person has to change.
//
// The package imports internal/wire and the standard library only; the shim, the
// tool and the lowerers all share it.
package sealed

// Policy is one service's confinement, resolved.
type Policy struct {
	Service    string // [a-z0-9][a-z0-9._-]{0,62}: name of state directory, cgroup, log lines
	Inputs     []Input
	Exec       Exec
	Root       Root
	Namespaces Namespaces
	Mounts     []Mount // parents before children, in the order of attaching
	Masks      []Path  // made unreadable
	ReadOnly   []Path  // made read-only
	Caps       Capabilities
	Filters    []Filter // ascending by Arch
	LSM        LSM
	Limits     []Limit  // cgroup v2 files, in the order of writing
	Devices    []Device // besides those of every /dev; with any, a device program is attached
	Signals    Signals
	Manager    Manager
}

// Input is one thing that the policy was compiled from: the text, a base, a
// group file, the syscall table, the compiler, libseccomp.
type Input struct {
	Kind   string   // "text", "base", "group", "table", "passwd", "compiler", "libseccomp", "apparmor"
	Name   string   // "nginx.toml", "base/daemon", "2.5.4"
	Digest [32]byte // SHA-256 of its bytes; of the name where there are no bytes
}

// Exec is the workload and its process attributes.
type Exec struct {
	Argv     []string // Argv[0] is an absolute path inside the root
	Env      []string // "KEY=value", sorted by key; the whole environment
	Cwd      string
	UID, GID uint32
	Groups   []uint32 // supplementary groups, ascending
	Umask    uint32
	Rlimits  []Rlimit // ascending by Resource; RLIMIT_NOFILE and RLIMIT_CORE always present
	SetOOM   bool
	OOMScore int32 // written to oom_score_adj when SetOOM, proc(5): -1000..1000
	TTY      bool  // descriptor 0 is a terminal and becomes the session's
	Memory   Memory
	Core     bool  // a core scheduling cookie of the container's own
	Spec     uint8 // speculation that is switched off for good, of SpecKinds
	At       string
}

// Memory says what may not be executed.
type Memory struct {
	MDWE  bool // memory that was writable: PR_SET_MDWE(2const)
	MemFD MemFD
}

// MemFD is what becomes of files of memfd_create(2).
type MemFD uint8

// The ways. MemFDLimit is not one of them.
const (
	MemFDNone   MemFD = iota // the filter allows none
	MemFDNoExec              // not executed: vm.memfd_noexec of the PID namespace, where the kernel has it
	MemFDExec
	MemFDLimit
)

// Kinds of speculation, PR_SET_SPECULATION_CTRL(2const).
const (
	SpecStoreBypass uint8 = 1 << iota
	SpecIndirectBranch

	SpecKinds = 1<<iota - 1
)

// Rlimit is one resource limit, getrlimit(2). Unlimited is ^uint64(0).
type Rlimit struct {
	Resource   uint32 // RLIMIT_* of the kernel's generic numbering
	Soft, Hard uint64
	At         string
}

// Root says what becomes "/".
type Root struct {
	Path     string    // a directory of the host
	Image    Image     // or a file system in a file of the host; with neither a fresh tmpfs assembled from mounts
	Writable bool      // default: read-only; an image always is
	IDMap    bool      // not of an assembled one: its owners are ids of the user namespace
	Symlinks []Symlink // only in an assembled root
	At       string
}

// Assembled tells whether the root is a fresh tmpfs, in which the launch makes what it needs.
func (r *Root) Assembled() bool { return r.Path == "" && r.Image.File == "" }

// Image is a file system in a file: erofs or squashfs, told apart by their magic numbers.
// The zero value is none.
type Image struct {
	File   string   // on the host
	Verity string   // a file of the host with the hash tree of dm-verity; "": the image is taken as it is
	Hash   [32]byte // SHA-256 at the root of the tree; zero without one
}

// Symlink is made in an assembled root before it turns read-only.
type Symlink struct {
	Path, Target string
	At           string
}

// Namespaces says which are new. PID and mount are always new.
type Namespaces struct {
	New        uint64    // CLONE_NEW* of clone(2)
	UIDs, GIDs []IDRange // of a new user namespace, ascending by Inside; all ids of a policy are inside ids
	Clocks     Clocks    // of a new time namespace
	Join       string    // file of a network namespace of the host's, instead of a new one; "" for none
	JoinAt     string
	Hostname   string // set in a new UTS namespace; "" otherwise
	At         string
}

// IDRange is one line of uid_map or gid_map, user_namespaces(7).
type IDRange struct {
	Inside, Outside, Count uint32
	At                     string
}

// Clocks are offsets in nanoseconds, time_namespaces(7).
type Clocks struct{ Monotonic, Boottime int64 }

// MountKind is what is mounted.
type MountKind uint8

// The kinds. KindLimit is not one of them.
const (
	Bind    MountKind = iota // a path of the host
	Tmpfs                    // a fresh tmpfs
	Proc                     // procfs of the new PID namespace
	Sysfs                    // sysfs of the network namespace
	Dev                      // tmpfs with the minimal nodes and links, and a fresh devpts
	Mqueue                   // POSIX message queues of the IPC namespace
	Cgroup2                  // the cgroup v2 tree below the container's own cgroup
	Notify                   // the shim's own socket for sd_notify(3), at NotifyPath
	Secrets                  // a ramfs with the credentials, at SecretsPath
	KindLimit
)

// PathType is what stands at a path.
type PathType uint8

// The types. TypeLimit is not one of them.
const (
	Directory PathType = iota
	RegularFile
	Socket
	TypeLimit
)

// Mount is one mount of the tree. Every mount is nosuid.
type Mount struct {
	Kind      MountKind
	Target    string   // absolute, clean, without symbolic links
	Source    string   // Bind: absolute path on the host
	Type      PathType // Bind: what Source and Target are; Notify: Socket; others are directories
	Recursive bool     // Bind: take the mounts below Source too
	Writable  bool     // default: read-only
	Exec      bool     // default: noexec
	Devices   bool     // default: nodev; only Dev itself sets it
	IDMap     bool     // Bind: its owners are ids of the user namespace
	PIDOnly   bool     // Proc: processes alone, none of the kernel's files
	NoFollow  bool     // Bind, Tmpfs: nosymfollow, no symbolic link in it is followed (Linux 5.14)
	Size      uint64   // Tmpfs, Dev: bytes
	Inodes    uint64   // Tmpfs, Dev
	Mode      uint32   // Tmpfs: permission bits of its root
	UID, GID  uint32   // Tmpfs: owner of its root
	At        string
}

// Path is one masked or read-only path.
type Path struct {
	Path    string
	Type    PathType // of a mask that the policy names; a default's type comes from the facts
	Default bool     // absent on this kernel: nothing to hide, the step is left out
	At      string
}

// Capabilities are sets as bit masks, bit n for capability n of capabilities(7).
type Capabilities struct {
	Keep    uint64 // the bounding set
	Ambient uint64 // what init and the workload hold in all of permitted, effective, inheritable, ambient; a subset of Keep
	At      string
}

// Filter is a finished seccomp program for one architecture.
type Filter struct {
	Arch    uint32 // AUDIT_ARCH_*
	Program []byte // struct sock_filter records, 8 bytes each, little endian, at most 4096
	By      string // the compiler that made it: "casemate", "libseccomp 2.5.4"
}

// AUDIT_ARCH_* of the architectures that a policy can be compiled for.
const (
	ArchAMD64 uint32 = 0xc000003e
	ArchARM64 uint32 = 0xc00000b7
)

// LSM holds the security-module labels; "" for none.
type LSM struct {
	AppArmor, SELinux Label
	Contexts          Contexts
	Profile           Profile // the one that AppArmor names, where it was generated
	Landlock          Landlock
}

// Profile is an AppArmor profile made from this policy; one without binaries is none.
type Profile struct {
	Text     [32]byte // SHA-256 of its text, which can be made again from the policy
	Binaries []Binary
}

// Binary is a compiled profile, as the kernel takes it.
type Binary struct {
	ABI   string // the set of features it was compiled for, "3.0"
	Bytes []byte
}

// Contexts are what belongs to a label of SELinux.
type Contexts struct {
	Auto  bool   // the label ends in a sensitivity, and the shim adds a pair of categories that no other container has
	Files string // user:role:type of the file systems that the launch makes, which get the label's level; "" for the system's
}

// Label is an exec label.
type Label struct {
	Text    string // profile name, or the whole context user:role:type:level
	Require bool   // the launch fails on a host without the module; else the receipt records the lack
	At      string
}

// Limit is one cgroup v2 control file and the exact text written to it.
type Limit struct {
	File  string // "memory.max"
	Value string
	At    string
}

// Device is a node of the workload's /dev, by number.
type Device struct {
	Path         string // below /dev, absolute
	Block        bool   // a block device, not a character device
	Major, Minor uint32
	Access       uint8 // BPF_DEVCG_ACC_READ and _WRITE of linux/bpf.h
	At           string
}

// Scope is whom init signals.
type Scope uint8

// The scopes. ScopeLimit is not one of them.
const (
	ScopeMain Scope = iota
	ScopeGroup
	ScopeAll
	ScopeLimit
)

// Signals is what init does with a signal it gets.
type Signals struct {
	Forward []Forward // ascending by From; a signal not listed goes on unchanged
	Scope   Scope
	Stop    uint8  // what the request to stop, SIGTERM from outside, becomes
	Grace   uint32 // milliseconds from there to SIGKILL
}

// Forward rewrites a signal; To 0 drops it.
type Forward struct{ From, To uint8 }
