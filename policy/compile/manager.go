package compile

import (
	"cmp"
	"slices"
	"strings"

	"casemate/internal/sealed"
)

// manager resolves the contract with the service manager, and adds the mounts that the
// workload needs for it. It runs before the room of the mounts, which sorts them.
func (c *compiler) manager() {
	f, m := c.file, &c.out.Manager
	m.At = at(f.KeyPos("manager"))
	if given(f.Manager.Ready, "exec") == "notify" {
		m.Ready = sealed.ReadyNotify
	}
	m.Watchdog = given(f.Manager.Watchdog, false)
	m.Sockets = c.passed("manager.pass_fds", f.Manager.PassFDs, "the name of a descriptor, as in LISTEN_FDNAMES")
	m.Credentials = c.passed("manager.credentials", f.Manager.Credentials, "the name of a credential")
	if m.Notify() {
		c.contractMount(sealed.Mount{Kind: sealed.Notify, Target: sealed.NotifyPath, Type: sealed.Socket})
	}
	if len(m.Credentials) != 0 {
		c.contractMount(sealed.Mount{Kind: sealed.Secrets, Target: sealed.SecretsPath})
	}
}

// passed checks a list of names: printable ASCII without the colon that separates them
// in LISTEN_FDNAMES (sd_listen_fds(3)); a credential is a file besides. sealed.Validate
// knows the same rules and would take a breach for a bug.
func (c *compiler) passed(key string, names []string, what string) []sealed.Passed {
	var list []sealed.Passed
	for i, name := range names {
		p := c.file.Pos(key, i)
		printable := strings.IndexFunc(name, func(r rune) bool { return r < ' ' || r > '~' || r == ':' }) < 0
		file := key == "manager.pass_fds" || name != "." && name != ".." && !strings.Contains(name, "/")
		if name == "" || len(name) > 255 || !printable || !file {
			c.fail(p, name, "printable ASCII without colons, at most 255; a credential has no slash", "not %s", what)
			continue
		}
		list = append(list, sealed.Passed{Name: name, At: at(p)})
	}
	slices.SortFunc(list, func(a, b sealed.Passed) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

func (c *compiler) contractMount(m sealed.Mount) {
	m.At = c.out.Manager.At
	c.out.Mounts = append(c.out.Mounts, m)
	if given(c.file.Mounts.Dev, "minimal") == "none" {
		c.fail(c.file.Pos("mounts.dev"), "mounts.dev", "leave it out", "what the service manager passes on is mounted below /dev")
	}
}
