package sealed

// validAts checks the places in the policy text. They may be empty, but they
// are printed in every error of a launch and stand in plans and receipts.
func validAts(p *Policy) error {
	ok := true
	check := func(at string) { ok = ok && lineFault(at, maxLine) == "" }
	for _, at := range [...]string{
		p.Exec.At, p.Root.At, p.Namespaces.At, p.Namespaces.JoinAt, p.Caps.At, p.LSM.AppArmor.At, p.LSM.SELinux.At, p.LSM.Landlock.At, p.Manager.At,
	} {
		check(at)
	}
	for i := range p.Exec.Rlimits {
		check(p.Exec.Rlimits[i].At)
	}
	for _, m := range [...][]IDRange{p.Namespaces.UIDs, p.Namespaces.GIDs} {
		for i := range m {
			check(m[i].At)
		}
	}
	for i := range p.Root.Symlinks {
		check(p.Root.Symlinks[i].At)
	}
	for i := range p.Mounts {
		check(p.Mounts[i].At)
	}
	for i := range p.Masks {
		check(p.Masks[i].At)
	}
	for i := range p.ReadOnly {
		check(p.ReadOnly[i].At)
	}
	for i := range p.Limits {
		check(p.Limits[i].At)
	}
	for i := range p.Devices {
		check(p.Devices[i].At)
	}
	for i := range p.LSM.Landlock.Beneath {
		check(p.LSM.Landlock.Beneath[i].At)
	}
	for i := range p.LSM.Landlock.Ports {
		check(p.LSM.Landlock.Ports[i].At)
	}
	for _, list := range [...][]Passed{p.Manager.Sockets, p.Manager.Credentials} {
		for i := range list {
			check(list[i].At)
		}
	}
	if !ok {
		return invalid("", "a place in the policy text is not one printable line")
	}
	return nil
}
