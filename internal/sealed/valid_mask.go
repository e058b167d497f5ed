package sealed

// validMasks also refuses a mask below a mask: the first would hide the place
// that the second has to find.
func validMasks(p *Policy) error {
	if err := validPaths("mask", p, p.Masks); err != nil {
		return err
	}
	for i, m := range p.Masks {
		for _, other := range p.Masks[:i] {
			if below(m.Path, other.Path) || below(other.Path, m.Path) {
				return invalid(m.At, "mask %s: there is a mask at %s", m.Path, other.Path)
			}
		}
	}
	return validPaths("readonly", p, p.ReadOnly)
}

// validPaths also refuses the target of a mount: masks and read-only copies are
// found relative to the mount they lie in, so that they could not be found there.
func validPaths(list string, policy *Policy, paths []Path) error {
	if len(paths) > maxPaths {
		return invalid("", "%s has %d paths", list, len(paths))
	}
	for i, p := range paths {
		if why := placeFault(p.Path); why != "" {
			return invalid(p.At, "%s %s %s", list, clip(p.Path), why)
		}
		if p.Type >= TypeLimit {
			return invalid(p.At, "%s %s: no such type: %d", list, p.Path, p.Type)
		}
		for _, other := range paths[:i] {
			if p.Path == other.Path {
				return invalid(p.At, "%s has %s twice", list, p.Path)
			}
		}
		for j := range policy.Mounts {
			if m := &policy.Mounts[j]; m.PIDOnly && below(p.Path, m.Target) {
				return invalid(p.At, "%s %s: %s shows processes alone", list, p.Path, m.Target)
			}
			if policy.Mounts[j].Target == p.Path {
				return invalid(p.At, "%s %s is the target of a mount", list, p.Path)
			}
		}
	}
	return nil
}
