// Package facts says what this kernel and this host offer, as one plain value that
// can be printed, recorded and replayed: the second input of the lowering.
//
// The types stand in this file and are pure; Probe, which asks the kernel, stands
// in probe.go. Absence is recorded as absence: nothing here guesses from a
// version number, and nothing is cached across launches.
package facts

// Facts is the JSON that casemate-shim probe prints.
type Facts struct {
	Kernel     string            `json:"kernel"` // uname -r
	Arch       string            `json:"arch"`   // GOARCH: "amd64", "arm64"
	CapLast    uint8             `json:"cap_last_cap"`
	CapBound   Mask              `json:"cap_bounding"`  // the shim's own bounding set
	CapPermit  Mask              `json:"cap_permitted"` // the shim's own permitted set
	Namespaces []string          `json:"namespaces"`    // names below /proc/self/ns
	Seccomp    []string          `json:"seccomp_actions"`
	Hidden     string            `json:"filter_hidden,omitempty"` // why no program of a filter can be read back; "" where it can
	Keyrings   bool              `json:"keyrings"`
	LSMs       []string          `json:"lsms"` // active security modules
	AppArmor   AppArmor          `json:"apparmor"`
	SELinux    SELinux           `json:"selinux"`
	Landlock   int               `json:"landlock_abi"` // 0: none
	Process    Process           `json:"process"`
	Cgroup     Cgroup            `json:"cgroup2"`
	Null       []int             `json:"null_descriptors,omitempty"` // of 0 to 2, those that are the host's /dev/null
	Manager    Manager           `json:"manager"`
	Paths      map[string]string `json:"paths"` // default masked and read-only paths that exist: "dir" or "file"
}

// Process is what the kernel offers to one process, or one PID namespace, to give up.
type Process struct {
	MDWE           bool `json:"mdwe"`            // PR_SET_MDWE, Linux 6.3
	MemFDNoExec    bool `json:"memfd_noexec"`    // vm.memfd_noexec, Linux 6.3
	CoreScheduling Core `json:"core_scheduling"` // PR_SCHED_CORE, Linux 5.14
	StoreBypass    int  `json:"store_bypass"`    // PR_GET_SPECULATION_CTRL; -1: the kernel does not say
	IndirectBranch int  `json:"indirect_branch"`
}

// Core is what there is to be had of core scheduling.
type Core string

// The answers of PR_SCHED_CORE. Without threads that share a core nothing has to be kept apart.
const (
	CoreNone   Core = ""        // CONFIG_SCHED_CORE
	CoreShared Core = "cookies" // a process can have a cookie
	CoreAlone  Core = "no_smt"  // no core has two threads
)

// AppArmor as the kernel reports it.
type AppArmor struct {
	Enabled  bool     `json:"enabled"`
	Known    bool     `json:"profiles_known"` // Profiles could be read
	Profiles []string `json:"profiles,omitempty"`
	Mode     string   `json:"mode,omitempty"`     // of the module; in any but "enforce" profiles do not confine
	Own      string   `json:"own,omitempty"`      // the shim's own label
	Features []string `json:"features,omitempty"` // those of AppArmorFeatures that it knows
}

// AppArmorFeatures are those that generated profiles are written for, by their names below
// features/ of apparmorfs. A kernel without one would drop its rules silently.
var AppArmorFeatures = [...]string{"caps", "domain", "file", "mount", "network_v8", "ptrace", "signal"}

// SELinux as the kernel reports it.
type SELinux struct {
	Enabled   bool   `json:"enabled"`
	Enforcing bool   `json:"enforcing"`
	Domain    string `json:"domain,omitempty"` // what the kernel says of the policy's domain; "" when it was not asked
}

// Cgroup is the cgroup v2 hierarchy, wherever it is mounted.
type Cgroup struct {
	Mount       string   `json:"mount"`          // "" when there is none
	Own         string   `json:"own"`            // the shim's own cgroup, "/" for the root
	Controllers []string `json:"controllers"`    // available to children of Own
	Type        string   `json:"type,omitempty"` // of Own, where that is not "domain": cgroup.type of cgroups(7)
}
