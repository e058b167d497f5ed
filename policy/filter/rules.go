package filter

import "casemate/internal/sealed"

// Rules are the declared filter, the same for all architectures.
type Rules struct {
	Default Action // for a system call that is known and not allowed
	Unknown Action // for a number that the table does not know
	BadArch Action // for another ABI: a foreign architecture, x32

	Allow map[string]Rule
	Kill  map[string]string // the value is where it was written, "nginx.toml:14"
}

// Rule allows a system call.
type Rule struct {
	When *Expr // nil: whatever the arguments
	At   string
}

// Call is what a filter sees of a system call, struct seccomp_data. No rule looks at
// the instruction pointer; a filter of other people may.
type Call struct {
	NR   uint32
	Arch uint32
	IP   uint64
	Args [MaxArgs]uint64
}

// clone3 hides its flags in memory, so no condition on new namespaces can hold it,
// and denying it with anything but ENOSYS breaks C libraries, which fall back to
// clone only then (glibc 2.34; moby issue 42681).
const Clone3 = "clone3"

const (
	// x32Bit marks the x32 ABI in amd64's system call numbers (asm/unistd.h).
	// Its calls arrive with amd64's AUDIT_ARCH, but other code runs.
	X32Bit = 0x40000000

	// skipped is the number that a tracer writes to make the kernel skip the call
	// (ptrace(2)). It is above x32Bit and is no x32 call.
	Skipped = 0xffffffff
)

// Decide is what the rules mean: the verdict on a call under the program compiled
// for arch. It shares nothing with the compiler of programs but the tables.
func (r Rules) Decide(arch Arch, c Call) Action {
	if c.Arch != arch.AuditArch() {
		return r.BadArch
	}
	if c.Arch == sealed.ArchAMD64 && c.NR >= X32Bit {
		if c.NR == Skipped {
			return ActionENOSYS
		}
		return r.BadArch
	}
	name, ok := Name(arch, int(c.NR))
	if !ok {
		return r.Unknown
	}
	if _, kill := r.Kill[name]; kill {
		return ActionKillProcess
	}
	if rule, ok := r.Allow[name]; ok {
		if rule.When == nil || Eval(rule.When, arch, c.Args) {
			return ActionAllow
		}
		return r.Default
	}
	if name == Clone3 {
		return ActionENOSYS
	}
	return r.Default
}
