package sealed

func validRoot(p *Policy) error {
	r := &p.Root
	if r.Path != "" {
		if why := pathFault(r.Path); why != "" {
			return invalid(r.At, "root %s %s", clip(r.Path), why)
		}
	}
	if why := r.imageFault(); why != "" {
		return invalid(r.At, "root image %s %s", clip(r.Image.File), why)
	}
	if !r.Assembled() && len(r.Symlinks) != 0 {
		return invalid(r.At, "a root that is not assembled gets no symlinks")
	}
	if r.IDMap && r.Assembled() {
		return invalid(r.At, "an assembled root has its ids mapped")
	}
	if len(r.Symlinks) > maxSymlinks {
		return invalid(r.At, "%d symlinks", len(r.Symlinks))
	}
	for _, s := range r.Symlinks {
		if why := placeFault(s.Path); why != "" {
			return invalid(s.At, "symlink %s %s", clip(s.Path), why)
		}
		if why := lineFault(s.Target, maxPath); why != "" || s.Target == "" {
			return invalid(s.At, "symlink %s: its target %s %s", s.Path, clip(s.Target), orEmpty(why))
		}
	}
	return nil
}

// imageFault is what is wrong with the image. A hash without a tree would be ignored, and a
// tree with the hash zero is one whose hash was forgotten.
func (r *Root) imageFault() string {
	i := &r.Image
	if i.File == "" {
		if *i != (Image{}) {
			return "has a hash tree or a root hash and no file"
		}
		return ""
	}
	if why := pathFault(i.File); why != "" {
		return why
	}
	switch {
	case r.Path != "":
		return "is a second root, beside a directory"
	case r.Writable:
		return "is writable; no image is"
	case i.Verity == "" && i.Hash != [32]byte{}:
		return "has a root hash and no hash tree"
	case i.Verity == "":
		return ""
	case i.Hash == [32]byte{}:
		return "has a hash tree and no root hash"
	case i.Verity == i.File:
		return "is its own hash tree"
	}
	if why := pathFault(i.Verity); why != "" {
		return "has a hash tree that " + why
	}
	return ""
}

func validMounts(p *Policy) error {
	if len(p.Mounts) > maxMounts {
		return invalid("", "%d mounts", len(p.Mounts))
	}
	for i := range p.Mounts {
		m := &p.Mounts[i]
		if why := placeFault(m.Target); why != "" {
			return invalid(m.At, "mount %s: its target %s", clip(m.Target), why)
		}
		if why := m.fault(); why != "" {
			return invalid(m.At, "mount %s %s", m.Target, why)
		}
	}
	return nil
}

// fault is what is wrong with one mount alone. A field that its kind does not
// use is zero: a value there would be accepted and ignored.
func (m *Mount) fault() string {
	if m.Kind >= KindLimit || m.Type >= TypeLimit {
		return "is of no known kind or type"
	}
	if m.Devices && m.Kind != Dev {
		return "allows devices and is not dev"
	}
	if m.Exec && m.Kind != Bind && m.Kind != Tmpfs {
		return "allows exec and is neither bind nor tmpfs"
	}
	if m.IDMap && m.Kind != Bind || m.PIDOnly && m.Kind != Proc {
		return "has a flag that its kind does not know"
	}
	if m.NoFollow && m.Kind != Bind && m.Kind != Tmpfs {
		return "follows no links and is neither bind nor tmpfs"
	}
	if m.Kind == Bind {
		if why := pathFault(m.Source); why != "" {
			return "has a source that " + why
		}
	} else if m.Source != "" || (m.Type == Socket) != (m.Kind == Notify) || m.Type == RegularFile {
		return "has a source or a type and is not bind"
	}
	if m.Recursive && (m.Kind != Bind || m.Type != Directory) {
		return "is recursive and not the bind of a directory"
	}
	if at, ok := places[m.Kind]; ok && m.Target != at {
		return "is at another place than " + at + ", where the default masks expect it"
	}
	if m.Writable && (m.Kind == Sysfs || m.Kind == Cgroup2) {
		return "is writable: the host's controls, or the container's own limits"
	}
	if m.Writable && (m.Kind == Notify || m.Kind == Secrets) {
		return "is writable, and comes from the service manager"
	}
	return m.sizeFault()
}

// places of the kernel's own file systems. A procfs elsewhere would have none of the
// default masks, and nobody would be told.
var places = map[MountKind]string{
	Proc: "/proc", Sysfs: "/sys", Dev: "/dev", Mqueue: "/dev/mqueue", Cgroup2: "/sys/fs/cgroup",
	Notify: NotifyPath, Secrets: SecretsPath,
}

// sizeFault: to tmpfs(5) a size or an inode count of zero is no limit at all, so
// a policy that leaves one out would let the workload fill the host's memory.
func (m *Mount) sizeFault() string {
	memory := m.Kind == Tmpfs || m.Kind == Dev
	if memory != (m.Size != 0) || memory != (m.Inodes != 0) {
		return "is in memory and lacks a size or an inode count, or is not and has one"
	}
	if m.Kind != Tmpfs && (m.Mode != 0 || m.UID != 0 || m.GID != 0) {
		return "has a mode or an owner and is not tmpfs"
	}
	if m.Mode > 0o1777 { // no setuid bits; the mount is nosuid anyway
		return "has a mode over 01777"
	}
	if m.UID == noID || m.GID == noID {
		return "has an owner of -1"
	}
	return ""
}

// validTree checks mounts and symlinks against each other. What it guards: a
// mount never hides one attached before it, never lands on a second one, and is
// never reached through a symlink of ours; and no symlink is written into a mount.
func validTree(p *Policy) error {
	for i := range p.Mounts {
		m := &p.Mounts[i]
		for j := range p.Mounts[:i] {
			earlier := &p.Mounts[j]
			switch {
			case m.Target == earlier.Target:
				return invalid(m.At, "two mounts at %s", m.Target)
			case below(earlier.Target, m.Target):
				return invalid(m.At, "mount %s comes after %s below it", m.Target, earlier.Target)
			case earlier.Type != Directory && below(m.Target, earlier.Target):
				return invalid(m.At, "mount %s is below %s, which is no directory", m.Target, earlier.Target)
			}
		}
	}
	for i, s := range p.Root.Symlinks {
		for _, other := range p.Root.Symlinks[:i] {
			if s.Path == other.Path || below(s.Path, other.Path) || below(other.Path, s.Path) {
				return invalid(s.At, "symlink %s: there is %s too", s.Path, other.Path)
			}
		}
		for j := range p.Mounts {
			t := p.Mounts[j].Target
			if t == s.Path || below(t, s.Path) || below(s.Path, t) {
				return invalid(s.At, "symlink %s: there is a mount at %s", s.Path, t)
			}
		}
	}
	return nil
}
