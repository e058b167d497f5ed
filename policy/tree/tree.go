// Package tree is what a workload finds at a path: which mount the path lies in, where
// its bytes come from, and what may be done there, once mounts, masks and read-only
// paths lie over one another. It is how policies are compared and explained point by
// point, whatever list of mounts they reach a point by.
//
// It mirrors what internal/launch builds and decides nothing: pure. It imports
// internal/sealed, and internal/mount for what a fresh /dev holds.
package tree

import (
	"slices"
	"strings"

	"casemate/internal/mount"
	"casemate/internal/sealed"
)

// At gives the state of a clean absolute path.
func At(p *sealed.Policy, path string) State {
	s := holder(p, path)
	if s.Access == Absent {
		return s
	}
	if m := cover(p, p.Masks, path); m != nil {
		return State{Access: Masked, Origin: s.Origin, Mount: s.Mount, Mask: m}
	}
	if r := cover(p, p.ReadOnly, path); r != nil {
		s.Frozen = r
		s.Access = min(s.Access, ReadOnly)
	}
	return s
}

// holder is the state by the mounts alone. Of the mounts that hold a path the deepest
// decides, which lies over the others.
func holder(p *sealed.Policy, path string) State {
	m := deepest(p, path)
	if m == nil {
		return root(p, path)
	}
	device := deviceAt(p, m, path)
	if device == nil && empty(m, path) || m.PIDOnly && path != m.Target && !ofProcess(path[len(m.Target)+1:]) {
		return State{Mount: m, Leads: leads(p, path)}
	}
	s := State{Access: ReadOnly, Origin: kindNames[m.Kind], Exec: m.Exec, Devices: m.Devices, NoFollow: m.NoFollow, Recursive: m.Recursive, Mapped: m.IDMap, Mount: m, Device: device}
	if m.Kind == sealed.Bind {
		s.Origin = host(m.Source, m.Target, path)
		s.Covered = !m.Recursive && path != m.Target
	}
	if m.Writable {
		s.Access = Writable
	}
	return s
}

// deviceAt is the node that the policy adds at a path of its /dev.
func deviceAt(p *sealed.Policy, m *sealed.Mount, path string) *sealed.Device {
	for i := range p.Devices {
		if m.Kind == sealed.Dev && p.Devices[i].Path == path {
			return &p.Devices[i]
		}
	}
	return nil
}

// empty tells whether a fresh file system that nobody can write to has nothing at a path
// below it: /dev holds its nodes, a read-only tmpfs only the way to what is mounted in it.
func empty(m *sealed.Mount, path string) bool {
	if path == m.Target || m.Writable {
		return false
	}
	if m.Kind == sealed.Dev {
		name, _, _ := strings.Cut(path[len(m.Target)+1:], "/")
		return !slices.Contains(mount.DevNames(), name)
	}
	return m.Kind == sealed.Tmpfs
}

// ofProcess tells whether a path in a procfs belongs to a process: it begins with a
// number, or the name of who looks. With subset=pid nothing else is there.
func ofProcess(path string) bool {
	name, _, _ := strings.Cut(path, "/")
	return name == "self" || name == "thread-self" || strings.Trim(name, "0123456789") == ""
}

func deepest(p *sealed.Policy, path string) *sealed.Mount {
	var found *sealed.Mount
	for i := range p.Mounts {
		m := &p.Mounts[i]
		if Within(path, m.Target) && (found == nil || len(m.Target) > len(found.Target)) {
			found = m
		}
	}
	return found
}

// root is the state of a path in no mount. An assembled root is an empty tmpfs with
// links, in which nothing is executed; one of the host is all of its directory.
func root(p *sealed.Policy, path string) State {
	s := State{Access: ReadOnly, Mapped: p.Root.IDMap}
	if p.Root.Writable {
		s.Access = Writable
	}
	if p.Root.Path != "" {
		s.Origin, s.Exec, s.Covered = host(p.Root.Path, "/", path), true, path != "/"
		return s
	}
	if p.Root.Image.File != "" { // nobody has mounted anything in it
		s.Origin, s.Exec = "image:"+p.Root.Image.File+path, true
		return s
	}
	for i := range p.Root.Symlinks {
		if l := &p.Root.Symlinks[i]; Within(path, l.Path) {
			return State{Link: l}
		}
	}
	if s.Access == Writable || path == "/" {
		s.Origin = "root"
		return s
	}
	return State{Leads: leads(p, path)}
}

func leads(p *sealed.Policy, path string) bool {
	return slices.ContainsFunc(p.Mounts, func(m sealed.Mount) bool { return Within(m.Target, path) }) ||
		slices.ContainsFunc(p.Devices, func(d sealed.Device) bool { return Within(d.Path, path) }) ||
		slices.ContainsFunc(p.Root.Symlinks, func(l sealed.Symlink) bool { return Within(l.Path, path) })
}

// cover finds the mask or read-only path over a path. A default whose file system the
// policy does not mount covers nothing (internal/mount leaves it out).
func cover(p *sealed.Policy, paths []sealed.Path, path string) *sealed.Path {
	for i := range paths {
		c := &paths[i]
		if Within(path, c.Path) && !(c.Default && deepest(p, c.Path) == nil) {
			return c
		}
	}
	return nil
}

var kindNames = [...]string{
	sealed.Bind: "bind", sealed.Tmpfs: "tmpfs", sealed.Proc: "proc", sealed.Sysfs: "sysfs",
	sealed.Dev: "dev", sealed.Mqueue: "mqueue", sealed.Cgroup2: "cgroup2", sealed.Notify: "notify", sealed.Secrets: "credentials",
}

// host names the file of the host that a bind of source at target shows at path.
func host(source, target, path string) string {
	rest := strings.TrimPrefix(path[len(strings.TrimSuffix(target, "/")):], "/")
	if rest == "" {
		return "host:" + source
	}
	return "host:" + strings.TrimSuffix(source, "/") + "/" + rest
}

// Within tells whether a clean path is another or lies below it.
func Within(path, parent string) bool {
	return path == parent || parent == "/" || strings.HasPrefix(path, parent+"/")
}

// Points lists the paths at which the state can differ from that of the directory they
// lie in, of all the policies, parents first.
func Points(policies ...*sealed.Policy) []string {
	points := []string{"/"}
	for _, p := range policies {
		for i := range p.Mounts {
			points = append(points, p.Mounts[i].Target)
		}
		for _, list := range [][]sealed.Path{p.Masks, p.ReadOnly} {
			for _, c := range list {
				points = append(points, c.Path)
			}
		}
	}
	slices.SortFunc(points, func(a, b string) int { return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/")) })
	return slices.Compact(points)
}
