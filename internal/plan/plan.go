// Package plan is the launch as data: what the parent opens and creates, how it
// clones, and the flat list of system calls that the child runs. A plan can be
// printed for a reviewer, kept as a golden file, compared between releases and
// broken at any step by a test.
//
// The package knows nothing of policies and does nothing: internal/launch makes
// plans, internal/prepare does the parent's part, internal/render turns the
// steps into a program for internal/child. It imports the standard library only.
package plan

// Plan is one launch.
type Plan struct {
	Service string
	Kernel  string // the release and architecture that it was made for
	Filter  string // length of the seccomp filter, and who compiled it
	Lacks   []string
	Cgroup  Cgroup
	Profile Profile
	Holder  Holder
	Opens   []Open
	Clone   Arg // flags of clone3(2)
	Steps   []Step
}

// Cgroup is the control group to make, with the files to write before the clone.
type Cgroup struct {
	Name        string   // directory below the shim's own cgroup
	Controllers []string // to be enabled for it
	Files       []File
	Devices     []byte // a program of type BPF_PROG_TYPE_CGROUP_DEVICE; none: no program
	DevicesAt   string
}

// Profile is an AppArmor profile that the kernel must have before the clone; none
// without a name.
type Profile struct {
	Name   string
	ABI    string // of the features it was compiled for
	Binary []byte
	At     string
}

// Holder is a process that the parent makes for a moment, so that there are namespaces
// for the child to enter. Its last step waits for its end; by then all descriptors of the
// parent's are closed in it. No steps: none is needed.
type Holder struct {
	Steps []Step
	Files []File // below its /proc/PID, written by the parent while it waits
}

// File is one control file and what is written to it.
type File struct{ Name, Value, At string }

// OpenKind is what the parent opens.
type OpenKind string

// The kinds.
const (
	Tree      OpenKind = "tree"     // a detached copy of the mount at Path, open_tree(2)
	Recursive OpenKind = "tree-rec" // the same with the mounts below
	Given     OpenKind = "given"    // opened by the shim itself: gate, orders, init
	Listen    OpenKind = "listen"   // passed by the service manager, its n-th; Path is its name
	Notify    OpenKind = "notify"   // a detached copy of the shim's socket for sd_notify(3)
	Image     OpenKind = "image"    // a detached mount of the file system in the file at Path
	Namespace OpenKind = "ns"       // a namespace of the holder's; Path is its name below /proc/PID/ns
	Join      OpenKind = "join"     // the network namespace whose file stands at Path
	Secrets   OpenKind = "secrets"  // a detached ramfs with copies of the manager's credentials
)

// Open is one descriptor that the parent has ready before the clone.
type Open struct {
	Slot string
	Kind OpenKind
	N    int    // Listen: which of them, from 0
	Path string // resolved once, without symbolic links on the way
	Type string // what must stand there: "dir", "file", "socket"

	IDMap  bool   // Tree, Recursive, Image: its owners are ids of the user namespace
	Verity Verity // Image: what its blocks are verified by
	At     string
}

// Verity is a hash tree of dm-verity and the hash at its root; the zero value is none.
type Verity struct {
	Tree string // its path, resolved like the image's
	Hash [32]byte
}

// Step is one system call of the child.
type Step struct {
	Row      string // of the order table in internal/launch
	Op       Op
	Args     []Arg
	Save     string // the slot that takes the result; "" for none
	Tolerate string // the name of an errno that counts as success; "" for none
	Must     string // the name of the errno that it must fail with, which shows that something is forbidden; "" for none
	At       string // where the policy asks for it
}

// Slots known to every plan.
const (
	Report = "report" // write end of the report pipe
	Gate   = "gate"   // init's end of the gate
	Orders = "orders" // sealed memfd
	Init   = "init"   // a copy of init's binary, a sealed memfd
	Root   = "root"   // the mount that becomes "/"
	Alive  = "alive"  // of the holder: read end of a pipe that the parent alone can write to
)

// NamespaceSlot is the slot of a namespace by its name below /proc/PID/ns.
func NamespaceSlot(name string) string { return "ns:" + name }

// The namespaces that a plan enters.
const (
	UserNS = "user"
	NetNS  = "net"
	IPCNS  = "ipc"
	UTSNS  = "uts"
	TimeNS = "time_for_children"
)
