// Package selinux knows how SELinux takes an exec label. Pure: it imports facts only;
// contexts are parsed at image build, with github.com/opencontainers/selinux.
package selinux

import "casemate/internal/facts"

// ExecFile is the file below /proc/thread-self that takes the context for the next
// execve, selinux(8), setexeccon(3).
const ExecFile = "attr/exec"

// KeyFile is the one that takes the context of keys that are made until then,
// setkeycreatecon(3).
const KeyFile = "attr/keycreate"

// Lack says, in words, why the host cannot confine by this context; "" when it can.
// A required context under a permissive SELinux confines nothing, so that lacks too.
func Lack(f facts.SELinux) string {
	switch {
	case !f.Enabled:
		return "SELinux is not active (CONFIG_SECURITY_SELINUX, selinux=1 on the kernel command line)"
	case !f.Enforcing:
		return "SELinux is permissive (enforcing=1 on the kernel command line)"
	case f.Domain == facts.DomainUnknown:
		return "the SELinux policy that is loaded does not know the context (semodule -l lists its modules)"
	case f.Domain == facts.DomainPermissive:
		return "the SELinux domain is permissive (semanage permissive -d TYPE)"
	}
	return ""
}
