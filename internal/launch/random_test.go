package launch

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"

	"casemate/internal/facts"
	"casemate/internal/sealed"
)

// arbitrary makes a valid policy; the same seed gives the same one.
func arbitrary(r *rand.Rand) *sealed.Policy {
	p := minimal()
	p.Service = fmt.Sprintf("random%d", r.Intn(1000))
	e := &p.Exec
	e.UID, e.GID, e.Umask = uint32(r.Intn(70000)), uint32(r.Intn(3)), uint32(r.Intn(0o1000))
	for g := range uint32(r.Intn(4)) {
		e.Groups = append(e.Groups, g*7+uint32(r.Intn(7)))
	}
	if e.SetOOM = r.Intn(2) == 0; e.SetOOM {
		e.OOMScore = int32(r.Intn(2001) - 1000)
	}
	e.Memory, e.Core, e.Spec = sealed.Memory{MDWE: r.Intn(2) == 0, MemFD: sealed.MemFD(r.Intn(3))}, r.Intn(2) == 0, uint8(r.Intn(4))
	for _, flag := range []uint64{0x02000000, 0x04000000, 0x08000000, 0x40000000} {
		if r.Intn(3) == 0 {
			p.Namespaces.New &^= flag
		}
	}
	if p.Namespaces.New&0x04000000 == 0 {
		p.Namespaces.Hostname = ""
	}
	arbitraryNamespaces(r, p)
	p.Root.Writable = r.Intn(3) == 0
	if r.Intn(3) == 0 {
		p.Root.Path = "/srv/root"
	}
	arbitraryMounts(r, p)
	arbitraryPaths(r, p)
	if len(p.Namespaces.UIDs) != 0 {
		p.Root.IDMap = p.Root.Path != "" && r.Intn(2) == 0
		for i := range p.Mounts {
			p.Mounts[i].IDMap = p.Mounts[i].Kind == sealed.Bind && r.Intn(2) == 0
		}
	}
	p.Caps.Keep = r.Uint64() & r.Uint64() & (1<<41 - 1)
	p.Caps.Ambient = p.Caps.Keep & r.Uint64()
	if r.Intn(2) == 0 {
		p.LSM.AppArmor = sealed.Label{Text: "profile", Require: r.Intn(2) == 0, At: "r:1"}
	}
	if r.Intn(2) == 0 {
		p.LSM.SELinux = sealed.Label{Text: "u:r:t:s0", Require: r.Intn(2) == 0, At: "r:2"}
		if r.Intn(2) == 0 {
			p.LSM.Contexts.Files = "u:object_r:f"
		}
	}
	arbitraryDomain(r, p)
	return p
}

// arbitraryDomain is one of Landlock, or none.
func arbitraryDomain(r *rand.Rand, p *sealed.Policy) {
	l := &p.LSM.Landlock
	if r.Intn(4) == 0 {
		return
	}
	l.Files, l.Net, l.Scoped = r.Uint64()&sealed.FileRights, r.Uint64()&sealed.PortRights, r.Uint64()&sealed.ScopeRights
	if l.None() {
		return
	}
	l.Log = r.Intn(2) == 0
	for n := range r.Intn(6) {
		kind := sealed.PathType(r.Intn(2))
		if allow := l.Files & r.Uint64() & (sealed.FileRead | sealed.FileTruncate | sealed.FileIoctl); allow != 0 {
			l.Beneath = append(l.Beneath, sealed.Beneath{Path: fmt.Sprintf("/%d/x", n), Type: kind, Allow: allow})
		}
		if allow := l.Net & r.Uint64(); allow != 0 {
			l.Ports = append(l.Ports, sealed.Port{Number: uint32(n), Allow: allow})
		}
	}
}

// arbitraryNamespaces are those that the child enters.
func arbitraryNamespaces(r *rand.Rand, p *sealed.Policy) {
	n := &p.Namespaces
	if n.New&0x40000000 == 0 && r.Intn(2) == 0 {
		n.Join = "/run/netns/x"
	}
	if r.Intn(3) == 0 {
		n.New |= 0x80
		n.Clocks = sealed.Clocks{Monotonic: r.Int63() >> 1, Boottime: -(r.Int63() >> 1)}
	}
	if r.Intn(2) == 0 {
		n.New |= 0x10000000
		n.UIDs = []sealed.IDRange{{Outside: uint32(r.Intn(3)), Count: 70000}}
		n.GIDs = []sealed.IDRange{{Outside: 100000, Count: 50}, {Inside: 50, Count: 70000}}
	}
}

// arbitraryMounts nests mounts of every kind in each other.
func arbitraryMounts(r *rand.Rand, p *sealed.Policy) {
	dirs := []string{""}
	// The kernel's own file systems have one place each.
	for _, m := range []sealed.Mount{
		{Kind: sealed.Proc, Target: "/proc", Writable: true, PIDOnly: r.Intn(4) == 0}, {Kind: sealed.Sysfs, Target: "/sys"},
		{Kind: sealed.Cgroup2, Target: "/sys/fs/cgroup"}, {Kind: sealed.Dev, Target: "/dev", Size: 4096, Inodes: 100, Devices: true},
		{Kind: sealed.Mqueue, Target: "/dev/mqueue", Writable: true},
	} {
		if r.Intn(2) == 0 {
			m.At = "r:" + m.Target
			p.Mounts = append(p.Mounts, m)
			dirs = append(dirs, m.Target)
		}
	}
	for n := range r.Intn(10) {
		m := sealed.Mount{
			Kind: sealed.MountKind(r.Intn(2)), Writable: r.Intn(2) == 0, At: fmt.Sprintf("r:%d", n), // Bind or Tmpfs
			Target: fmt.Sprintf("%s/%c/m%d", dirs[r.Intn(len(dirs))], 'a'+r.Intn(3), n),
		}
		switch m.Kind {
		case sealed.Bind:
			m.Source, m.Type, m.Exec = fmt.Sprintf("/host/%d", n), sealed.PathType(r.Intn(int(sealed.TypeLimit))), r.Intn(2) == 0
			m.Recursive = m.Type == sealed.Directory && r.Intn(2) == 0
		case sealed.Tmpfs:
			m.Size, m.Inodes, m.Mode, m.UID, m.Exec = 4096, 10, 0o755, 5, r.Intn(2) == 0
		}
		if m.Type == sealed.Directory {
			dirs = append(dirs, m.Target)
		}
		p.Mounts = append(p.Mounts, m)
	}
	if p.Root.Path == "" && r.Intn(2) == 0 {
		p.Root.Symlinks = []sealed.Symlink{{Path: "/link", Target: "a"}, {Path: "/x/y/link", Target: "/b"}}
	}
}

// arbitraryPaths puts masks and read-only paths into the root and into the mounts, some
// below each other.
func arbitraryPaths(r *rand.Rand, p *sealed.Policy) {
	in := []string{""}
	for i := range p.Mounts {
		if p.Mounts[i].Type == sealed.Directory && !strings.HasPrefix(p.Mounts[i].Target, "/proc") {
			in = append(in, p.Mounts[i].Target)
		}
	}
	for n := range r.Intn(6) {
		path := fmt.Sprintf("%s/hidden%d", in[r.Intn(len(in))], n)
		if r.Intn(2) == 0 {
			path = fmt.Sprintf("%s/fixed%d/hidden%d", in[r.Intn(len(in))], r.Intn(6), n)
		}
		p.Masks = append(p.Masks, sealed.Path{Path: path, Type: sealed.PathType(r.Intn(2)), Default: r.Intn(2) == 0})
	}
	for n := range r.Intn(6) {
		path := fmt.Sprintf("%s/fixed%d", in[r.Intn(len(in))], n)
		if len(p.ReadOnly) > 0 && r.Intn(4) == 0 {
			path = p.ReadOnly[r.Intn(len(p.ReadOnly))].Path + fmt.Sprintf("/deeper%d", n)
		}
		p.ReadOnly = append(p.ReadOnly, sealed.Path{Path: path, Default: r.Intn(2) == 0})
	}
}

// arbitraryFacts is a host that lacks nothing which the policy requires.
func arbitraryFacts(r *rand.Rand, p *sealed.Policy) *facts.Facts {
	f := &facts.Facts{
		Kernel: "6.12.0", Arch: []string{"amd64", "arm64"}[r.Intn(2)], CapLast: uint8(40 + r.Intn(24)),
		CapBound: ^facts.Mask(0), CapPermit: ^facts.Mask(0),
		Namespaces: []string{"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"},
		Seccomp:    []string{"kill_process", "errno", "allow"}, Keyrings: r.Intn(2) == 0,
		Cgroup: facts.Cgroup{Mount: "/sys/fs/cgroup", Own: "/", Controllers: []string{"memory", "pids"}},
		Paths:  map[string]string{}, Landlock: r.Intn(10),
	}
	f.Process = facts.Process{
		MDWE: true, MemFDNoExec: r.Intn(2) == 0, CoreScheduling: []facts.Core{facts.CoreShared, facts.CoreAlone}[r.Intn(2)],
		StoreBypass: []int{0, 3, 4}[r.Intn(3)], IndirectBranch: []int{0, 3, 9}[r.Intn(3)],
	}
	f.AppArmor = facts.AppArmor{Mode: "enforce", Enabled: p.LSM.AppArmor.Require || r.Intn(2) == 0, Known: r.Intn(2) == 0, Profiles: []string{"profile"}}
	on := p.LSM.SELinux.Require || r.Intn(2) == 0
	f.SELinux = facts.SELinux{Enabled: on, Enforcing: on}
	for _, m := range slices.Concat(p.Masks, p.ReadOnly) {
		if r.Intn(3) != 0 {
			f.Paths[m.Path] = []string{"dir", "file"}[r.Intn(2)]
		}
	}
	return f
}
