package compile

import (
	"regexp"
	"slices"
	"strings"

	"casemate/policy/syntax"

	"golang.org/x/sys/unix"
)

// shareable namespaces, with what sharing each opens.
var shareable = []struct {
	name   string
	flag   uint64
	danger string
}{
	{"net", unix.CLONE_NEWNET, "every address, port and abstract socket of the host is in reach"},
	{"uts", unix.CLONE_NEWUTS, "the host's name is visible"},
	{"ipc", unix.CLONE_NEWIPC, "System V and POSIX queues and segments of the host are in reach"},
	{"cgroup", unix.CLONE_NEWCGROUP, "the host's cgroup tree is visible"},
}

// namespaces resolves which are new, and the network with them: mode = "host" and
// share = ["net"] are two spellings of one grant, and either implies the other.
func (c *compiler) namespaces() {
	f, n := c.file, &c.out.Namespaces
	n.At = at(f.KeyPos("namespaces"))
	n.New = unix.CLONE_NEWPID | unix.CLONE_NEWNS
	if f.Namespaces.User != nil {
		n.New |= unix.CLONE_NEWUSER
	}
	c.clocks()
	shared := map[string]syntax.Position{}
	for i, name := range f.Namespaces.Share {
		p := f.Pos("namespaces.share", i)
		if name == "pid" || name == "mount" {
			c.fail(p, name, "init needs PID and mount namespaces of its own", "this namespace is never shared")
		}
		shared[name] = p
	}
	c.network(shared)
	for _, s := range shareable {
		if s.flag == unix.CLONE_NEWNET && c.joined {
			continue
		}
		if p, ok := shared[s.name]; ok {
			c.need("namespaces."+s.name, p, s.danger)
		} else {
			n.New |= s.flag
		}
	}
}

// network reads network.mode.
func (c *compiler) network(shared map[string]syntax.Position) {
	mode, p := c.file.Network.Mode, c.file.Pos("network.mode")
	_, isShared := shared["net"]
	joined, join := strings.CutPrefix(given(mode, ""), "join:")
	switch {
	case mode == nil:
	case *mode == "host":
		if !isShared {
			shared["net"] = p
		}
	case *mode == "none" && isShared:
		c.fail(p, *mode, "namespaces.share has net: leave one of the two out", "the network is both shared and none")
	case *mode == "none":
	case join && isShared:
		c.joined = true // one fault, reported once
		c.fail(p, *mode, "namespaces.share has net: leave one of the two out", "the network is both shared and another's")
	case join:
		c.join(joined, p)
	default:
		c.fail(p, *mode, `it is one of "none", "host", "join:PATH"`, "unknown network mode")
	}
}

// join has the workload in a network namespace that is there already. What it reaches
// there is that namespace's affair; the launch makes sure that it is one, and not the host's.
func (c *compiler) join(path string, p syntax.Position) {
	switch path = c.cleanPath(path, p); {
	case path == "/":
		c.fail(p, path, "ip-netns(8) keeps them in /run/netns", "the root is no namespace")
	case within(path, "/proc"):
		c.fail(p, path, "ip-netns(8) gives them names that stay", "the namespace of a process, whose number is another's the next time")
	default:
		c.out.Namespaces.Join, c.out.Namespaces.JoinAt = path, at(p)
	}
	c.joined = true
}

// clocks resolves the offsets of a time namespace.
func (c *compiler) clocks() {
	t := c.file.Namespaces.Time
	if t == nil {
		return
	}
	n := &c.out.Namespaces
	n.New |= unix.CLONE_NEWTIME
	const second = 1_000_000_000
	n.Clocks.Monotonic = given(t.Monotonic, 0)*second + given(t.MonotonicNsec, 0)
	n.Clocks.Boottime = given(t.Boottime, 0)*second + given(t.BoottimeNsec, 0)
}

var hostLabel = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// isHostname: labels of letters, digits and inner dashes, hostname(7), at most the
// 64 bytes of sethostname(2).
func isHostname(s string) bool {
	return len(s) <= 64 && !slices.ContainsFunc(strings.Split(s, "."), func(l string) bool { return !hostLabel.MatchString(l) })
}

// hostname is the service's name where the policy says nothing: never the host's.
func (c *compiler) hostname() {
	own, p := c.file.Namespaces.Hostname, c.file.Pos("namespaces.hostname")
	isNew := c.out.Namespaces.New&unix.CLONE_NEWUTS != 0
	switch {
	case own != nil && !isNew:
		c.fail(p, *own, "leave it out, or do not share uts", "a host name for the host's own UTS namespace")
	case own != nil && !isHostname(*own):
		c.fail(p, *own, "letters, digits, dashes; labels joined by dots; at most 64", "not a host name")
	case own != nil:
		c.out.Namespaces.Hostname = *own
	case isNew:
		c.out.Namespaces.Hostname = strings.ReplaceAll(c.out.Service, "_", "-")
		if serviceName.MatchString(c.out.Service) && !isHostname(c.out.Namespaces.Hostname) {
			c.fail(c.file.Pos("service"), c.out.Service, "state namespaces.hostname", "the service's name cannot be the host name")
		}
	}
}
