package sealed

// Namespaces of clone(2) that a policy can ask for.
const (
	cloneNewTime   = 0x00000080
	cloneNewNS     = 0x00020000
	cloneNewCgroup = 0x02000000
	cloneNewUTS    = 0x04000000
	cloneNewIPC    = 0x08000000
	cloneNewUser   = 0x10000000
	cloneNewPID    = 0x20000000
	cloneNewNet    = 0x40000000

	cloneAlways = cloneNewPID | cloneNewNS
	cloneKnown  = cloneAlways | cloneNewCgroup | cloneNewUTS | cloneNewIPC | cloneNewNet | cloneNewUser | cloneNewTime
)

func validNamespaces(p *Policy) error {
	n := &p.Namespaces
	if extra := n.New &^ cloneKnown; extra != 0 {
		return invalid(n.At, "namespaces: no such flags: %#x", extra)
	}
	if n.New&cloneAlways != cloneAlways {
		return invalid(n.At, "namespaces: PID and mount are not both new")
	}
	for _, check := range [...]func(*Policy) error{validHostname, validJoin, validClocks, validIDMaps} {
		if err := check(p); err != nil {
			return err
		}
	}
	return nil
}

func validHostname(p *Policy) error {
	n := &p.Namespaces
	if n.New&cloneNewUTS == 0 {
		if n.Hostname != "" {
			return invalid(n.At, "hostname %s without a UTS namespace", clip(n.Hostname))
		}
		return nil
	}
	if why := hostnameFault(n.Hostname); why != "" {
		return invalid(n.At, "hostname %s %s", clip(n.Hostname), why)
	}
	return nil
}

func validJoin(p *Policy) error {
	n := &p.Namespaces
	if n.Join == "" {
		return nil
	}
	if n.New&cloneNewNet != 0 {
		return invalid(n.JoinAt, "namespaces: the network is both new and that of %s", clip(n.Join))
	}
	if why := placeFault(n.Join); why != "" {
		return invalid(n.JoinAt, "network namespace %s %s", clip(n.Join), why)
	}
	return nil
}

// MaxOffset bounds the offset of a clock, in nanoseconds either way: half of what a
// ktime_t holds, which the kernel allows for the clock itself (KTIME_SEC_MAX / 2,
// proc_timens_set_offset).
const MaxOffset = 1<<62 - 1

func validClocks(p *Policy) error {
	n := &p.Namespaces
	for _, ns := range [...]int64{n.Clocks.Monotonic, n.Clocks.Boottime} {
		if ns > MaxOffset || ns < -MaxOffset || ns != 0 && n.New&cloneNewTime == 0 {
			return invalid(n.At, "a clock offset of %d ns, too large or without a time namespace", ns)
		}
	}
	return nil
}

// maxMapText bounds what is written to uid_map: less than one page (user_namespaces(7)).
const maxMapText = 4096

// validIDMaps checks both maps.
func validIDMaps(p *Policy) error {
	n := &p.Namespaces
	isNew := n.New&cloneNewUser != 0
	for _, m := range [...][]IDRange{n.UIDs, n.GIDs} {
		if isNew == (len(m) == 0) {
			return invalid(n.At, "a user namespace without a map, or a map without one")
		}
		if err := validIDMap(m); err != nil {
			return err
		}
	}
	return nil
}

// validOwners checks that every id of the policy is in the maps: what is not would be
// refused late, by setresuid(2) or at a mount. 0:0 is the owner that a mount has without
// one: the host's root, where the maps have none.
func validOwners(p *Policy) error {
	n := &p.Namespaces
	if n.New&cloneNewUser == 0 {
		return idMapsUnused(p)
	}
	for _, id := range append([]uint32{p.Exec.GID}, p.Exec.Groups...) {
		if _, ok := Outside(n.GIDs, id); !ok {
			return invalid(p.Exec.At, "group %d is not in the user namespace", id)
		}
	}
	if _, ok := Outside(n.UIDs, p.Exec.UID); !ok {
		return invalid(p.Exec.At, "user %d is not in the user namespace", p.Exec.UID)
	}
	for i := range p.Mounts {
		m := &p.Mounts[i]
		_, uid := Outside(n.UIDs, m.UID)
		_, gid := Outside(n.GIDs, m.GID)
		if (m.UID != 0 || m.GID != 0) && (!uid || !gid) {
			return invalid(m.At, "mount %s: its owner %d:%d is not in the user namespace", m.Target, m.UID, m.GID)
		}
	}
	return nil
}

// idMapsUnused: what only a user namespace gives a meaning.
func idMapsUnused(p *Policy) error {
	if p.Root.IDMap {
		return invalid(p.Root.At, "the root has its ids mapped and there is no user namespace")
	}
	for i := range p.Mounts {
		if p.Mounts[i].IDMap {
			return invalid(p.Mounts[i].At, "mount %s has its ids mapped and there is no user namespace", p.Mounts[i].Target)
		}
	}
	return nil
}

// validIDMap holds one map to the kernel's rules (map_write, user_namespaces(7)).
func validIDMap(m []IDRange) error {
	if len(m) > maxIDRanges {
		return invalid(m[0].At, "%d lines in an id map", len(m))
	}
	for i, r := range m {
		if r.Count == 0 || r.Inside > noID-r.Count || r.Outside > noID-r.Count {
			return invalid(r.At, "id map: %s is empty or reaches beyond the largest id", r)
		}
		if i > 0 && r.Inside < m[i-1].Inside+m[i-1].Count {
			return invalid(r.At, "id map: %s overlaps what stands before it, or is not in ascending order", r)
		}
		for _, other := range m[:i] {
			if r.Outside < other.Outside+other.Count && other.Outside < r.Outside+r.Count {
				return invalid(r.At, "id map: %s maps ids of the host that %s maps too", r, other)
			}
		}
	}
	if len(MapText(m)) >= maxMapText {
		return invalid(m[0].At, "an id map of %d bytes; the kernel takes %d at most", len(MapText(m)), maxMapText-1)
	}
	return nil
}
