// Package beneath is what Landlock grants to files: the rules that follow from the mounts
// of a policy, and what rules come to at a path.
//
// Pure: it imports internal/sealed, and x/sys/unix for its constants.
package beneath

import (
	"maps"
	"path"
	"slices"
	"strings"

	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// Rights by what a policy says of a path.
const (
	Read = sealed.FileRead | sealed.DirRead
	Exec = sealed.FileExecute | Read

	plainFile = sealed.FileExecute | sealed.FileWrite | sealed.FileRead | sealed.FileTruncate | sealed.FileIoctl
)

// Write is all that makes and changes files. A device node is made only by whom CAP_MKNOD
// lets.
func Write(p *sealed.Policy) uint64 {
	const all = Read | writeWord
	if p.Caps.Ambient>>unix.CAP_MKNOD&1 != 0 {
		return all | sealed.MakeChar | sealed.MakeBlock
	}
	return all
}

// Kernel are the rights to the file systems of the kernel and of the launch, which have
// keys of their own. A socket needs none.
var Kernel = map[sealed.MountKind]uint64{
	sealed.Proc:    Read | sealed.FileWrite | sealed.FileTruncate, // nobody makes a file there
	sealed.Sysfs:   Read,
	sealed.Cgroup2: Read,
	sealed.Dev:     Read | sealed.FileWrite,
	sealed.Mqueue:  Read | sealed.FileWrite | sealed.FileTruncate | sealed.MakeReg | sealed.FileRemove,
	sealed.Notify:  0,
	sealed.Secrets: Read,
}

// Set collects rules by path.
type Set map[string]*sealed.Beneath

// Grant adds rights to a path; those that a file cannot have are left out.
func (s Set) Grant(name string, t sealed.PathType, allow uint64, at string) {
	if t != sealed.Directory {
		t, allow = sealed.RegularFile, allow&plainFile
	}
	if s[name] == nil {
		s[name] = &sealed.Beneath{Path: name, Type: t, At: at}
	}
	s[name].Allow |= allow
}

// Rules gives the rules by path, without what a directory above grants already: rights add
// up on the way down.
func (s Set) Rules() []sealed.Beneath {
	var rules []sealed.Beneath
	for _, name := range slices.Sorted(maps.Keys(s)) {
		b := *s[name]
		for dir := name; dir != "/"; {
			dir = path.Dir(dir)
			if above := s[dir]; above != nil {
				b.Allow &^= above.Allow
			}
		}
		if b.Allow != 0 {
			rules = append(rules, b)
		}
	}
	return rules
}

// Stated are the lists of paths that a policy states itself.
type Stated struct{ Read, Write, Exec bool }

// Mounts grants what the mounts allow, but for what the policy states: everything is read,
// what is mounted writable is written, what is mounted with exec is executed. ioctl(2) goes
// to terminals of the container's own and to the devices that the policy names, not to the
// others of every /dev.
func (s Set) Mounts(p *sealed.Policy, stated Stated) {
	grant := func(name string, t sealed.PathType, write, exec bool, at string) {
		if t == sealed.Socket {
			return // to connect to one takes no right
		}
		if !stated.Read {
			s.Grant(name, t, Read, at)
		}
		if !stated.Write && write {
			s.Grant(name, t, Write(p), at)
		}
		if !stated.Exec && exec {
			s.Grant(name, t, Exec, at)
		}
	}
	grant("/", sealed.Directory, p.Root.Writable, !p.Root.Assembled(), p.Root.At)
	for i := range p.Mounts {
		m := &p.Mounts[i]
		if own, ok := Kernel[m.Kind]; ok {
			s.Grant(m.Target, m.Type, own, m.At)
		} else {
			grant(m.Target, m.Type, m.Writable, m.Exec, m.At)
		}
		if m.Kind == sealed.Dev {
			s.Grant(m.Target+"/pts", sealed.Directory, sealed.FileIoctl, m.At)
			s.Grant(m.Target+"/tty", sealed.RegularFile, sealed.FileIoctl, m.At)
		}
	}
	for _, d := range p.Devices {
		s.Grant(d.Path, sealed.RegularFile, sealed.FileIoctl, d.At)
	}
}

// Follow tells whether the rules of a policy are those that follow from its mounts.
func Follow(p *sealed.Policy) bool {
	s := Set{}
	s.Mounts(p, Stated{})
	return slices.EqualFunc(s.Rules(), p.LSM.Landlock.Beneath, func(a, b sealed.Beneath) bool {
		return a.Path == b.Path && a.Type == b.Type && a.Allow == b.Allow
	})
}

// At gives the rights that a domain leaves at a clean path.
func At(l *sealed.Landlock, name string) uint64 {
	allow, _ := Granted(l, name)
	return allow | sealed.FileRights&^l.Files
}

// Granted gives those that rules grant there, and the place of the rule next to it.
func Granted(l *sealed.Landlock, name string) (allow uint64, at string) {
	at = l.At
	for i := range l.Beneath { // in ascending order: the deepest is the last
		if b := &l.Beneath[i]; name == b.Path || b.Path == "/" || strings.HasPrefix(name, b.Path+"/") {
			allow, at = allow|b.Allow, b.At
		}
	}
	return allow, at
}
