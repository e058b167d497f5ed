package launch

import (
	"fmt"
	"slices"
	"strconv"

	"casemate/internal/facts"
	"casemate/internal/plan"
	"casemate/internal/sealed"
)

// sockets are what the service manager passes and the policy wants, in the manager's
// order. A policy that names none gets none.
func sockets(c *lowering) []plan.Open {
	wanted := c.policy.Manager.Sockets
	if len(wanted) == 0 {
		return nil
	}
	list := make([]plan.Open, 0, len(c.facts.Manager.Listen))
	for i, name := range c.facts.Manager.Listen {
		list = append(list, plan.Open{Slot: "socket:" + strconv.Itoa(i), Kind: plan.Listen, N: i, Path: name, At: wanted[named(wanted, name)].At})
	}
	return list
}

// named finds a name of the policy's; -1 for none.
func named(list []sealed.Passed, name string) int {
	return slices.IndexFunc(list, func(s sealed.Passed) bool { return s.Name == name })
}

// managerLacks compares what the policy wants of the service manager with what it has
// passed. A socket that is not named would stay unused, one that does not arrive would be
// missed when somebody connects: neither is started.
func managerLacks(p *sealed.Policy, f *facts.Facts) (must []string) {
	m := &p.Manager
	if len(m.Sockets) != 0 && f.Manager.Fault != "" {
		must = append(must, m.At+": "+f.Manager.Fault)
	} else if len(m.Sockets) != 0 {
		for _, s := range m.Sockets {
			if !slices.Contains(f.Manager.Listen, s.Name) {
				must = append(must, fmt.Sprintf("%s: the service manager passes no descriptor named %q", s.At, s.Name))
			}
		}
		for i, name := range f.Manager.Listen {
			if named(m.Sockets, name) < 0 && !slices.Contains(f.Manager.Listen[:i], name) {
				must = append(must, fmt.Sprintf("%s: the service manager passes a descriptor named %q, which pass_fds does not name", m.At, name))
			}
		}
	}
	if m.Watchdog && f.Manager.Watchdog == 0 {
		must = append(must, m.At+": the service manager sets no watchdog (WATCHDOG_USEC)")
	}
	if len(m.Credentials) != 0 && f.Manager.Credentials == "" {
		must = append(must, m.At+": the service manager passes no credentials (CREDENTIALS_DIRECTORY)")
	}
	return must
}

// Obliging is a service manager that passes what the policy names, each once: for a plan
// that is made where there is none.
func Obliging(p *sealed.Policy) facts.Manager {
	m := facts.Manager{}
	for _, s := range p.Manager.Sockets {
		m.Listen = append(m.Listen, s.Name)
	}
	if p.Manager.Watchdog {
		m.Watchdog = 1
	}
	if len(p.Manager.Credentials) != 0 {
		m.Credentials = "/run/credentials"
	}
	return m
}
