package compile

import (
	"casemate/policy/filter"

	"golang.org/x/sys/unix"
)

// sentinel is one call that a condition must not let through without a reason: a
// condition that a policy states replaces the groups', and may be wider. Calls that init
// needs are not here: no policy can state a condition on them.
type sentinel struct {
	args [6]uint64
	what string
}

var sentinels = map[string][]sentinel{
	"ioctl": {
		{[6]uint64{0, unix.TIOCSTI}, "TIOCSTI types into a terminal (CVE-2017-5226)"},
		{[6]uint64{0, unix.TIOCLINUX}, "TIOCLINUX pastes into a console (CVE-2023-28100)"},
	},
	"socket": {
		{[6]uint64{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_NETFILTER}, "AF_NETLINK reaches the kernel's configuration"},
		{[6]uint64{unix.AF_PACKET, unix.SOCK_RAW}, "AF_PACKET reads and forges packets"},
		{[6]uint64{unix.AF_VSOCK, unix.SOCK_STREAM}, "AF_VSOCK is in no namespace"},
		{[6]uint64{unix.AF_ALG, unix.SOCK_SEQPACKET}, "AF_ALG drives the kernel's ciphers (CVE-2026-31431)"},
	},
}

// widened demands a reason where a policy's own condition lets a dangerous call
// through. The kernel's numbers are those of every architecture.
func (c *compiler) widened(name string, g *grant, when *filter.Expr, arches []filter.Arch) {
	if !g.own || when == nil {
		return
	}
	for _, s := range sentinels[name] {
		for _, a := range arches {
			if filter.Eval(when, a, s.args) {
				c.need("seccomp."+name, g.at, "its condition lets through what the groups keep closed: "+s.what)
				return
			}
		}
	}
}
