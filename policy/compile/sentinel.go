package compile

import (
	"fmt"

	"casemate/policy/filter"
	"casemate/policy/prove"

	"golang.org/x/sys/unix"
)

// sentinel is calls of which a condition must let none through without a reason: a
// condition that a policy states replaces the groups', and may be wider. Calls that init
// needs are not here: no policy can state a condition on them.
type sentinel struct {
	arg  int // of which the low 32 bits are in the set; the kernel looks at no others
	in   prove.Set
	also map[int]prove.Set // of other arguments
	what string            // %s is the value of arg that is let through, where it has several
}

// plainFamilies are those that groups open, netlink under a condition on its protocol.
// AF_UNSPEC makes no socket.
var plainFamilies = prove.Values(unix.AF_UNSPEC, unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK)

var sentinels = map[string][]sentinel{
	"ioctl": {
		{1, prove.Values(unix.TIOCSTI), nil, "TIOCSTI types into a terminal (CVE-2017-5226)"},
		{1, prove.Values(unix.TIOCLINUX), nil, "TIOCLINUX pastes into a console (CVE-2023-28100)"},
	},
	"socket": {
		{0, prove.Values(unix.AF_NETLINK), map[int]prove.Set{1: types(unix.SOCK_RAW, unix.SOCK_DGRAM), 2: prove.Values(unix.NETLINK_ROUTE).Not()}, "AF_NETLINK reaches the kernel's configuration"},
		{0, prove.Values(unix.AF_PACKET), map[int]prove.Set{1: types(unix.SOCK_RAW, unix.SOCK_DGRAM, unix.SOCK_PACKET)}, "AF_PACKET reads and forges packets"},
		{0, prove.Values(unix.AF_VSOCK), nil, "AF_VSOCK is in no namespace"},
		{0, prove.Values(unix.AF_ALG), nil, "AF_ALG drives the kernel's ciphers (CVE-2026-31431)"},
		{0, plainFamilies.Not(), nil, "%s is a protocol that few have looked at, and that the kernel may load a module for"},
	},
}

// types of sockets as socket(2) takes them, with any flags.
func types(list ...uint32) (all prove.Set) {
	for _, t := range list {
		all = all.Or(prove.Masked(0xf, t))
	}
	return all
}

// widened demands a reason where a policy's own condition lets a dangerous call
// through, whatever its other arguments are. The kernel's numbers are those of every
// architecture. A condition that is too complex to be walked is refused where its filter
// is proved.
func (c *compiler) widened(name string, g *grant, when *filter.Expr, arches []filter.Arch) {
	if !g.own || when == nil || sentinels[name] == nil {
		return
	}
	rules := filter.Rules{
		Allow:   map[string]filter.Rule{name: {When: when}},
		Default: filter.ActionEPERM, Unknown: filter.ActionEPERM, BadArch: filter.ActionEPERM,
	}
	for _, a := range arches {
		nr, here := filter.Number(a, name)
		declared, err := prove.Declare(a, rules)
		if !here || err != nil {
			continue
		}
		for _, s := range sentinels[name] {
			if what := s.passes(declared, a, prove.Of(a, uint32(nr))); what != "" {
				c.need("seccomp."+name, g.at, "its condition lets through what the groups keep closed: "+what)
				return
			}
		}
	}
}

// passes says what is let through of a sentinel's calls; "" for none.
func (s *sentinel) passes(d *prove.Declared, a filter.Arch, call prove.Box) (what string) {
	call = call.With(prove.ArgLow(s.arg), s.in)
	for arg, in := range s.also {
		call = call.With(prove.ArgLow(arg), in)
	}
	err := d.Walk(call, func(b prove.Box, action filter.Action) bool {
		if action != filter.ActionAllow {
			return true
		}
		if what = s.what; s.in.Count() > 1 {
			what = fmt.Sprintf(s.what, family(a, b[prove.ArgLow(s.arg)].Sample()))
		}
		return false
	})
	if err != nil {
		return "it is too complex to tell"
	}
	return what
}

// family names a family of sockets.
func family(a filter.Arch, n uint32) string {
	for _, c := range filter.Constants(a, "AF_") {
		if c.Value == uint64(n) && c.Name != "AF_MAX" {
			return c.Name
		}
	}
	return fmt.Sprintf("family %d", n)
}
