package explain

import (
	"fmt"
	"strings"

	"casemate/internal/caps"
	"casemate/policy/danger"
	"casemate/policy/syntax"
)

// Capability tells whether the workload holds a capability: NET_ADMIN, CAP_NET_ADMIN.
func Capability(s *Subject, name string) (*Answer, error) {
	short := strings.TrimPrefix(strings.ToUpper(name), "CAP_")
	number, err := capability(name, short)
	if err != nil {
		return nil, err
	}
	a := new(Answer)
	c := &s.Policy.Caps
	switch bit := uint64(1) << number; {
	case c.Ambient&bit != 0:
		a.Allowed = true
		a.say("%s: held, in the bounding and the ambient set, and so in all five", short)
		if n := &s.Policy.Namespaces; len(n.UIDs) != 0 {
			a.because("it counts in the user namespace alone, and in the network, IPC and UTS namespaces that are new with it (%s)", s.where(n.At))
		}
	case c.Keep&bit != 0:
		a.say("%s: not held; it stays in the bounding set, but no_new_privs and locked securebits leave no way to gain it", short)
	default:
		a.say("%s: not held", short)
	}
	s.capabilityLines(a, short, c.Keep>>number&1 != 0)
	return a, nil
}

func capability(name, short string) (int, error) {
	var known []string
	for n := 0; !strings.HasSuffix(caps.Name(n), fmt.Sprint("_", n)); n++ {
		known = append(known, strings.TrimPrefix(caps.Name(n), "CAP_"))
		if known[n] == short {
			return n, nil
		}
	}
	if hint := syntax.DidYouMean(short, known); hint != "" {
		return 0, fmt.Errorf("%q: unknown capability; %s", name, hint)
	}
	return 0, fmt.Errorf("%q: unknown capability", name)
}

func (s *Subject) capabilityLines(a *Answer, name string, kept bool) {
	if s.Text == nil {
		a.because("%s", untold)
		return
	}
	for _, list := range []string{"capabilities.keep", "capabilities.ambient"} {
		if p := s.Text.PosOf(list, name); p.Line > 0 {
			a.because("%s: %s", list, p)
		}
	}
	if reason, ok := s.Text.Why["capabilities."+name]; ok && kept {
		a.because("because: %s (%s)", reason, s.Text.Pos("why", "capabilities."+name))
	}
	if !kept {
		a.because("by default; to grant it, add %q to %s%s", name, s.addTo("capabilities.keep"),
			reasonFor("capabilities."+name, danger.Capabilities[name]))
	}
}
