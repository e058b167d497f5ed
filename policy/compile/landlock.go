package compile

import (
	"maps"
	"slices"

	"casemate/internal/landlock"
	"casemate/internal/sealed"
	"casemate/policy/syntax"

	"golang.org/x/sys/unix"
)

// mostPorts is what a sealed policy holds.
const mostPorts = 256

// mountCalls are forbidden by Landlock wherever it looks at files, landlock(7).
var mountCalls = []string{"mount", "move_mount", "pivot_root", "umount2"}

// landlock resolves the domain. It comes after the calls, for a policy that allows mounting
// gets no rules for files.
func (c *compiler) landlock() {
	l, f := &c.out.LSM.Landlock, given(c.file.LSM.Landlock, syntax.Landlock{})
	l.At = at(c.file.KeyPos("lsm.landlock"))
	if given(f.Off, false) {
		c.landlockOff()
		return
	}
	l.Scoped = sealed.ScopeRights
	if given(f.Abstract, false) {
		l.Scoped &^= sealed.ScopeAbstract
		c.abstract()
	}
	c.ports(l, &f)
	if call := c.mounting(); call == "" {
		l.Files = sealed.FileRights
		c.beneath(&f)
	} else if key := c.statedList(); key != "" {
		c.fail(c.file.Pos(key), key, "leave the list or the call out", "Landlock forbids to mount where it looks at files, and the policy allows %s", call)
	}
	l.Log = given(f.Log, false)
	c.minABI(l, f.MinABI)
}

// landlockOff demands a reason, and nothing beside it.
func (c *compiler) landlockOff() {
	p := c.file.Pos("lsm.landlock.off")
	for _, key := range c.file.Find("lsm.landlock").Keys() {
		if key != "off" {
			c.fail(c.file.KeyPos("lsm.landlock."+key), "lsm.landlock."+key, "leave one of the two out", "Landlock is off")
		}
	}
	c.need("lsm.landlock.off", p, "what the mounts forbid has no second lock, and signals and abstract sockets have none")
}

func (c *compiler) abstract() {
	p := c.file.Pos("lsm.landlock.abstract")
	if c.out.Namespaces.New&unix.CLONE_NEWNET != 0 {
		c.fail(p, "lsm.landlock.abstract", "remove it", "the network namespace is new, and abstract sockets of others are not in it")
		return
	}
	c.need("lsm.landlock.abstract", p, "whoever listens on an abstract socket of the host can be talked to")
}

// mounting gives a call that mounts and that the policy allows.
func (c *compiler) mounting() string {
	for _, name := range mountCalls {
		_, allowed := c.rules.Allow[name]
		if _, killed := c.rules.Kill[name]; allowed && !killed {
			return name
		}
	}
	return ""
}

// statedList is the first of the lists of paths that the policy states.
func (c *compiler) statedList() string {
	for _, key := range []string{"ro", "rw", "exec"} {
		if c.states("lsm.landlock." + key) {
			return "lsm.landlock." + key
		}
	}
	return ""
}

func (c *compiler) states(key string) bool { return c.file.Pos(key).Line > 0 }

// minABI is what the policy demands, or what its own lists need to be kept.
func (c *compiler) minABI(l *sealed.Landlock, stated *int64) {
	switch {
	case stated != nil:
		l.MinABI = uint8(*stated)
		if *stated == 1 {
			c.fail(c.file.Pos("lsm.landlock.min_abi"), "1", "2 is the least: Linux 5.19", "ABI 1 forbids every rename between directories and is not used")
		}
		return
	case c.states("lsm.landlock.ro") || c.states("lsm.landlock.rw"):
		l.MinABI = uint8(landlock.Needs(sealed.FileTruncate, l.Net, 0)) // else a file that is not to be written can be emptied
	case c.states("lsm.landlock.exec"):
		l.MinABI = uint8(landlock.Needs(sealed.FileExecute, l.Net, 0))
	default:
		l.MinABI = uint8(landlock.Needs(0, l.Net, 0))
	}
}

// ports resolves the lists of TCP ports; one that is stated and empty allows none.
func (c *compiler) ports(l *sealed.Landlock, f *syntax.Landlock) {
	ports := map[int64]*sealed.Port{}
	for _, list := range []struct {
		key   string
		ports []int64
		right uint64
	}{{"lsm.landlock.bind", f.Bind, sealed.PortBind}, {"lsm.landlock.connect", f.Connect, sealed.PortConnect}} {
		if !c.states(list.key) {
			continue
		}
		l.Net |= list.right
		for i, n := range list.ports {
			if ports[n] == nil {
				ports[n] = &sealed.Port{Number: uint32(n), At: at(c.file.Pos(list.key, i))}
			}
			ports[n].Allow |= list.right
		}
	}
	if len(ports) > mostPorts {
		c.fail(c.file.KeyPos("lsm.landlock"), "lsm.landlock", "", "%d ports; at most %d", len(ports), mostPorts)
	}
	for _, n := range slices.Sorted(maps.Keys(ports)) {
		l.Ports = append(l.Ports, *ports[n])
	}
}
