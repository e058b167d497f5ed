package sealed

import "testing"

// The kernel's own file systems stand where the default masks expect them, or the
// policy is none.
func TestPlaces(t *testing.T) {
	find := func(p *Policy, k MountKind) *Mount {
		for i := range p.Mounts {
			if p.Mounts[i].Kind == k {
				return &p.Mounts[i]
			}
		}
		t.Fatalf("the full policy has no mount of kind %d", k)
		return nil
	}
	for kind := range places {
		refused(t, []refusal{{"elsewhere", func(p *Policy) { find(p, kind).Target = "/zz/elsewhere" }, "at another place than"}})
	}
	for _, kind := range []MountKind{Sysfs, Cgroup2} {
		refused(t, []refusal{{"writable", func(p *Policy) { find(p, kind).Writable = true }, "is writable"}})
	}
}
