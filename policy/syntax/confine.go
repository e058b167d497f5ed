package syntax

import "github.com/pelletier/go-toml/v2"

// Capabilities are the workload's.
type Capabilities struct {
	Keep    []string `toml:"keep" doc:"The bounding set."`
	Ambient []string `toml:"ambient" doc:"What the workload really holds; within keep. Default: keep. A list of a base counts with the keep beside it."`
}

// Seccomp is the system call filter.
type Seccomp struct {
	Default *string           `toml:"default" enum:"EPERM|EACCES|ENOSYS|kill" doc:"For calls that are known and not allowed. Default: EPERM."`
	Unknown *string           `toml:"unknown" enum:"ENOSYS|EPERM|kill" doc:"For numbers that the syscall table does not know. Default: ENOSYS, so that libraries fall back."`
	BadArch *string           `toml:"bad_arch" enum:"kill" doc:"For calls through another architecture's entry. Always kill."`
	Allow   []string          `toml:"allow" max:"512" doc:"Calls, and @groups of calls, that are allowed."`
	Kill    []string          `toml:"kill" max:"512" doc:"Calls that kill the process; none of them may be allowed."`
	When    map[string]string `toml:"when" doc:"A condition on the arguments of an allowed call. It replaces the conditions that the groups and bases set for that call, and allows nothing by itself."`
}

// LSM holds the security modules' labels.
type LSM struct {
	AppArmor *AppArmor `toml:"apparmor" doc:"An AppArmor profile."`
	SELinux  *SELinux  `toml:"selinux" doc:"An SELinux context."`
	Landlock *Landlock `toml:"landlock" doc:"What Landlock denies. On by default, with rules that follow from the mounts."`
}

// AppArmor names a profile that the host has loaded.
type AppArmor struct {
	Profile  *string `toml:"profile" doc:"Name of a loaded profile."`
	Generate *bool   `toml:"generate" doc:"Generate the profile casemate-SERVICE from this policy and load it at launch. Default: false."`
	Require  *bool   `toml:"require" doc:"Fail the launch on a host without AppArmor. Default: true."`
}

// SELinux is a context: whole, or its type and level.
type SELinux struct {
	Label    *string `toml:"label" doc:"The whole context, user:role:type:level."`
	Type     *string `toml:"type" doc:"The type; the context is system_u:system_r:TYPE:LEVEL."`
	Level    *string `toml:"level" doc:"The level beside type or generate: \"s0\", \"s0:c1,c2\", or \"auto\", s0 and a pair of categories that no other container has. Default: s0; auto with generate."`
	FileType *string `toml:"file_type" doc:"The type of the file systems that the launch makes, at the container's level. Default: what the system's policy says."`
	Generate *bool   `toml:"generate" doc:"The types of the module that casemate show --selinux prints: casemate_SERVICE_t and casemate_SERVICE_file_t. Default: false."`
	Require  *bool   `toml:"require" doc:"Fail the launch on a host without SELinux. Default: true."`
}

// Landlock is what the domain of landlock(7) denies besides. The lists of paths replace
// what follows from the mounts.
type Landlock struct {
	Off      *bool    `toml:"off" doc:"No Landlock at all; needs a why. Default: false."`
	MinABI   *int64   `toml:"min_abi" min:"0" max:"7" hint:"the newest ABI that this version of casemate knows is 7, Linux 6.15: demand 2 to 7, which newer kernels have too, or leave the key out" doc:"The Landlock ABI that the kernel must have, 2 to 7; with 0 the receipt names what an older one lacks. Default: what ro, rw, exec, bind and connect need where they are stated, else 0."`
	RO       []string `toml:"ro" max:"64" doc:"Paths that may be read besides those that may be written or executed; a directory ends in a slash. Default: all."`
	RW       []string `toml:"rw" max:"64" doc:"Paths that may be written; a directory ends in a slash. Default: the writable mounts."`
	Exec     []string `toml:"exec" max:"64" doc:"Paths that may be executed; a directory ends in a slash. Default: the mounts that allow it."`
	Bind     []int64  `toml:"bind" min:"0" max:"65535" doc:"TCP ports that may be bound; 0 stands for those that the kernel chooses. Default: all."`
	Connect  []int64  `toml:"connect" min:"0" max:"65535" doc:"TCP ports that may be connected to. Default: all."`
	Abstract *bool    `toml:"abstract" doc:"Reach abstract UNIX sockets outside the container, where the network is shared; needs a why. Default: false."`
	Log      *bool    `toml:"log" doc:"Put denials into the host's audit log. Default: false."`
}

// Cgroup v2 files. The keys are the names of the files, dots included.
type Cgroup struct {
	Memory  Memory   `toml:"memory" doc:"The memory controller."`
	CPU     CPU      `toml:"cpu" doc:"The cpu controller."`
	Cpuset  Cpuset   `toml:"cpuset" doc:"The cpuset controller."`
	IO      IO       `toml:"io" doc:"The io controller."`
	Pids    Pids     `toml:"pids" doc:"The pids controller."`
	Devices []Device `toml:"devices" max:"32" doc:"Device nodes of the workload besides those that every /dev has. With any, a device program keeps the whole container from all others."`
}

// Device is a node below /dev, made by number, and what may be done with it.
type Device struct {
	At     string  `toml:"at" need:"yes" eg:"\"/dev/fuse\"" doc:"Its path below /dev."`
	Device string  `toml:"device" need:"yes" eg:"\"c 10:229\"" doc:"\"c MAJOR:MINOR\" or \"b MAJOR:MINOR\"."`
	Access *string `toml:"access" enum:"r|w|rw" doc:"What the workload may do with it. Default: rw."`
}

// Memory controller.
type Memory struct {
	Max  *string `toml:"max" doc:"memory.max: bytes, or with K, M, G, T; or \"max\"."`
	High *string `toml:"high" doc:"memory.high: bytes, or with K, M, G, T; or \"max\"."`
	Swap Swap    `toml:"swap" doc:"Swap."`
	OOM  OOM     `toml:"oom" doc:"The out-of-memory killer."`
}

// Swap limit.
type Swap struct {
	Max *string `toml:"max" doc:"memory.swap.max: bytes, or with K, M, G, T; or \"max\"."`
}

// OOM behaviour.
type OOM struct {
	Group *bool `toml:"group" doc:"memory.oom.group: kill the whole container at once."`
}

// CPU controller.
type CPU struct {
	Max    *string `toml:"max" doc:"cpu.max: \"QUOTA PERIOD\" in microseconds, or \"max PERIOD\"."`
	Weight *int64  `toml:"weight" min:"1" max:"10000" doc:"cpu.weight. The kernel's default is 100."`
}

// Cpuset controller.
type Cpuset struct {
	Cpus *string `toml:"cpus" doc:"cpuset.cpus: a list such as \"0-3,5\"."`
}

// IO controller.
type IO struct {
	Max    []string `toml:"max" max:"64" doc:"io.max: \"MAJOR:MINOR rbps=… wbps=… riops=… wiops=…\"."`
	Weight *int64   `toml:"weight" min:"1" max:"10000" doc:"io.weight for every device. The kernel's default is 100."`
}

// Pids controller.
type Pids struct {
	Max *int64 `toml:"max" min:"1" max:"4194304" doc:"pids.max: tasks at most, threads counted."`
}

// Network of the workload.
type Network struct {
	Mode *string `toml:"mode" doc:"\"none\": an own network namespace with only the loopback device; \"host\": the host's, as namespaces.share = [\"net\"]; \"join:PATH\": the network namespace whose file stands there, as ip-netns(8) makes them. Default: none."`
}

// Signals that init gets.
type Signals struct {
	Forward map[string]string `toml:"forward" max:"64" doc:"Signals rewritten on their way to the workload: TERM = \"QUIT\"; \"drop\" swallows one. The others go on unchanged."`
	Scope   *string           `toml:"scope" enum:"main|group|all" doc:"Whom init signals: the main process, its process group, or every process of the container. Default: main."`
	Stop    *string           `toml:"stop" doc:"What TERM becomes when it asks for the end: \"QUIT\". Default: what forward makes of TERM."`
	Grace   *string           `toml:"grace" doc:"Time between that and SIGKILL for all that is left: \"10s\", \"2m\"; \"0s\" kills at once. At most 24h. Default: 80s."`
}

// Manager is the contract with the service manager.
type Manager struct {
	Ready       *string  `toml:"ready" enum:"exec|notify" doc:"When the service counts as up: when the workload is executed, or when it says READY=1 to its NOTIFY_SOCKET. Default: exec."`
	PassFDs     []string `toml:"pass_fds" max:"48" doc:"Names, as in LISTEN_FDNAMES, of the sockets and FIFOs that the manager passes. Each must arrive, and no other. Default: none."`
	Watchdog    *bool    `toml:"watchdog" doc:"Pass WATCHDOG_USEC on, which the manager must set, and the workload's WATCHDOG=1. Default: false."`
	Credentials []string `toml:"credentials" max:"64" doc:"Names of files in the manager's CREDENTIALS_DIRECTORY to copy for the workload. Default: none."`
}

// Waive accepts a finding of the audit for a time.
type Waive struct {
	Rule    string          `toml:"rule" need:"yes" eg:"\"NS-002\"" doc:"The rule, such as NS-002."`
	Subject *string         `toml:"subject" doc:"What the finding is about, as the audit prints it. Default: all findings of the rule."`
	Why     string          `toml:"why" need:"yes" eg:"\"the reason\"" doc:"The reason."`
	Until   *toml.LocalDate `toml:"until" need:"yes" eg:"2027-06-30" doc:"The last day it holds, such as 2027-06-30."`
}
