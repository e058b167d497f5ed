package profile

import (
	"slices"
	"strings"

	"casemate/internal/mount"
	"casemate/internal/sealed"
)

// may is what may be done with the files of a mount.
type may uint8

const (
	read  may = 1 << iota // and lock
	write                 // and make, remove, link
	run                   // execute in this profile, and map to be executed
)

// file and directory are the letters of apparmor.d(5).
func (m may) file() string {
	s := "rk"
	if m&write != 0 {
		s = "rwlk"
	}
	if m&run != 0 {
		s += "mix"
	}
	return s
}

func (m may) directory() string {
	if m&write != 0 {
		return "rw"
	}
	return "r"
}

// region is a place of the tree and what may be done there, up to the next region below.
type region struct {
	path string
	may  may
	kind sealed.MountKind
	typ  sealed.PathType
	at   string
}

// files turns the mount tree to rules, by the paths that the workload sees. It mirrors
// policy/tree; a test holds the two together.
func (w *writer) files() error {
	all := regions(w.policy)
	for _, r := range all {
		if err := plain(r.path, r.at); err != nil {
			return err
		}
	}
	w.blank()
	w.note("What leads to the mounts.")
	for _, dir := range ways(w.policy) {
		w.line("%q r,", dir)
	}
	for _, r := range all {
		w.blank()
		w.region(r, all)
	}
	w.blank()
	w.note("Init, which is executed from a descriptor: its pages, for a shim that is confined.")
	for _, path := range apparmorInit {
		w.line("%q mr,", path)
	}
	return w.hidden()
}

// apparmorInit is what AppArmor calls init's private copy, which is in no mount
// (internal/prepare), and where an image has the file, for a shim with -init-in-place. The
// rules give no way to execute them.
var apparmorInit = [...]string{"/memfd:casemate-init", "/usr/lib/casemate/casemate-init"}

// regions are the root, where it has files, and the mounts.
func regions(p *sealed.Policy) []region {
	var all []region
	if !p.Root.Assembled() || p.Root.Writable {
		r := region{path: "/", may: read, at: p.Root.At}
		if p.Root.Writable {
			r.may |= write
		}
		if !p.Root.Assembled() {
			r.may |= run
		}
		all = append(all, r)
	}
	for i := range p.Mounts {
		m := &p.Mounts[i]
		r := region{path: m.Target, may: read, kind: m.Kind, typ: m.Type, at: m.At}
		if m.Writable {
			r.may |= write
		}
		if m.Exec {
			r.may |= run
		}
		all = append(all, r)
	}
	return all
}

// ways are the directories on the way to mounts, of a root that has no rule of its own.
func ways(p *sealed.Policy) []string {
	dirs := []string{"/"}
	for i := range p.Mounts {
		for dir := parent(p.Mounts[i].Target); dir != "/"; dir = parent(dir) {
			dirs = append(dirs, dir+"/")
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

func parent(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}

// region writes the rules of one place.
func (w *writer) region(r region, all []region) {
	switch {
	case r.kind == sealed.Dev:
		w.dev(r)
	case r.typ == sealed.Socket:
		w.line("%q rw,", r.path) // to connect is to write, on a read-only mount too
	case r.typ == sealed.RegularFile:
		w.line("%q %s,", r.path, r.may.file())
	default:
		dir := strings.TrimSuffix(r.path, "/") + "/"
		w.line("%q %s,", dir, r.may.directory())
		w.line("%q %s,", dir+except(lesser(r, all)), r.may.file())
	}
	if r.kind == sealed.Proc {
		w.note("The label is not the workload's to change, nor another's memory to write.")
		w.line("deny %q w,", r.path+"/{[0-9]*,[0-9]*/task/[0-9]*}/{attr/**,mem}")
	}
}

// lesser are the mounts inside a region where less may be done than in it, the outermost
// of each branch, relative to it.
func lesser(r region, all []region) []string {
	dir := strings.TrimSuffix(r.path, "/") + "/"
	var inside []string
	for _, other := range all {
		if rest, ok := strings.CutPrefix(other.path, dir); ok && rest != "" && (r.may&^other.may != 0 || other.kind == sealed.Dev) {
			inside = append(inside, rest)
		}
	}
	return slices.DeleteFunc(slices.Clone(inside), func(inner string) bool {
		return slices.ContainsFunc(inside, func(outer string) bool { return strings.HasPrefix(inner, outer+"/") })
	})
}

// dev names the nodes of a fresh /dev one by one.
func (w *writer) dev(r region) {
	w.line("%q r,", r.path+"/")
	w.line("%q rw,", r.path+"/{"+strings.Join(mount.NodeNames(), ",")+",ptmx}")
	w.line("%q r,", r.path+"/pts/")
	w.line("%q rw,", r.path+"/pts/*")
	for _, d := range w.policy.Devices {
		w.line("%q %s,", d.Path, map[uint8]string{sealed.AccessRead: "r", sealed.AccessWrite: "w", sealed.AccessRead | sealed.AccessWrite: "rw"}[d.Access])
	}
}

// hidden denies what is masked, and writing to what is read-only. Nothing inside either
// is more open: both lie over the mounts below them.
func (w *writer) hidden() error {
	for _, l := range []struct {
		note, deny string
		paths      []sealed.Path
	}{{"Masked.", "rwklmx", w.policy.Masks}, {"Read-only.", "wl", w.policy.ReadOnly}} {
		if len(l.paths) == 0 {
			continue
		}
		w.blank()
		w.note("%s", l.note)
		for _, p := range l.paths {
			if err := plain(p.Path, p.At); err != nil {
				return err
			}
			w.line("deny %q %s,", p.Path+"{,/,/**}", l.deny)
		}
	}
	return nil
}
