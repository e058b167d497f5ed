package verify

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"casemate/internal/mount"

	"golang.org/x/sys/unix"
)

// tree is what init sees, from its own root. Nothing in it is opened but for a path
// (O_PATH); no symbolic link is followed: the launch has refused one on the way to a mount
// (CVE-2021-30465). What cannot be looked at stands in the check as an error, which nothing
// is compared with that it would equal.
type tree struct {
	root   int
	dir    int    // the directory that was looked into last
	name   string // its path
	points []point
}

// point is what was found where a mount should be.
type point struct {
	path string
	place
	of     found // the mount that the path leads to
	alone  bool  // and no other is there
	absent bool  // there is none
}

// place is what stands at a path.
type place struct {
	Identity
	mount  uint64
	top    bool // the root of its mount
	stands mount.Stands
	err    error // nothing was found
}

// as compares with what should stand there. What is as it should be is written down once.
func (p place) as(want mount.Stands) (wanted, got string) {
	wanted = want.String()
	switch {
	case p.err != nil:
		got = "(" + p.err.Error() + ")"
	case p.stands == want:
		got = wanted
	default:
		got = p.stands.String()
	}
	return wanted, got
}

func (r *reader) open() *tree {
	root, err := unix.Openat(r.proc.dir, "root", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	r.fail("root", err)
	return &tree{root: root, dir: -1}
}

func (t *tree) close() {
	for _, fd := range [...]int{t.root, t.dir} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// keep remembers what was found where a mount should be, and tells whether the path leads to it.
func (t *tree) keep(path string, at place, here []found) bool {
	p := point{path: path, place: at, alone: len(here) == 1, absent: len(here) == 0}
	led := slices.IndexFunc(here, func(f found) bool { return f.id == at.mount })
	if led >= 0 {
		p.of = here[led]
	}
	t.points = append(t.points, p)
	return led >= 0
}

// point finds it again. A map for some sixty took longer to make than this to look.
func (t *tree) point(path string) *point {
	for i := range t.points {
		if t.points[i].path == path {
			return &t.points[i]
		}
	}
	return &point{absent: true}
}

// into opens a directory of the tree, unless it is open already.
func (t *tree) into(dir string) (int, error) {
	if dir == "/" {
		return t.root, nil
	}
	if t.name == dir && t.dir >= 0 {
		return t.dir, nil
	}
	if t.dir >= 0 {
		unix.Close(t.dir)
	}
	t.name = dir
	var err error
	t.dir, err = unix.Openat2(t.root, dir[1:], &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	return t.dir, err
}

// at looks at a path of the tree.
func (t *tree) at(p string) place {
	dir, err := t.into(path.Dir(p))
	name, flags := path.Base(p), unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT
	if p == "/" {
		name, flags = "", unix.AT_EMPTY_PATH
	}
	var at place
	if err == nil {
		at, err = lookAt(dir, name, flags)
	}
	if err != nil {
		return place{err: err}
	}
	return at
}

func lookAt(dir int, name string, flags int) (place, error) {
	var st unix.Statx_t
	// DONT_SYNC: what is known of a file on a server is enough, and the server may not answer.
	if err := unix.Statx(dir, name, flags|unix.AT_STATX_DONT_SYNC, unix.STATX_BASIC_STATS|unix.STATX_MNT_ID, &st); err != nil {
		return place{}, err
	}
	return place{
		Identity: Identity{unix.Mkdev(st.Dev_major, st.Dev_minor), st.Ino}, mount: st.Mnt_id,
		top:    st.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0,
		stands: mount.Stands{Mode: uint32(st.Mode), UID: st.Uid, GID: st.Gid, Number: unix.Mkdev(st.Rdev_major, st.Rdev_minor)},
	}, nil
}

// contents compares what the tree is made of: the copies of the host's are of what the shim
// has opened, the file systems of the launch's own are as the policy says, with their nodes
// and links; and init's root and directory are the tree's.
func (r *reader) contents(t Target, tree *tree) {
	for _, p := range t.Policy.Mounts {
		if from, copied := t.Sources[p.Target]; copied {
			r.add("source", p.Target, from.String(), tree.point(p.Target).Identity.String())
		}
	}
	if from, copied := t.Sources["/"]; copied {
		r.add("source", "/", from.String(), tree.point("/").Identity.String())
	}
	for _, m := range mount.Made(t.Policy, t.Facts) {
		r.made(m, tree)
	}
	for _, n := range mount.Nodes(t.Policy) {
		want, got := tree.at(n.Path).as(n.Here)
		r.add("node", n.Path, want, got)
	}
	for _, l := range mount.Links(t.Policy) {
		r.add("link", l.Path, l.Target, tree.link(l.Path))
	}
	for _, d := range [...]struct{ kind, link string }{{"root", "root"}, {"directory", "cwd"}} {
		at, err := lookAt(r.proc.dir, d.link, 0)
		r.fail(d.link, err)
		got := fmt.Sprintf("%s of mount %d", at.Identity, at.mount)
		if top := tree.point("/"); at.top && top.alone && top.of.id == at.mount {
			got = "/"
		}
		r.add(d.kind, "", "/", got)
	}
}

// made compares a file system of the launch's own.
func (r *reader) made(m mount.Instance, tree *tree) {
	at := tree.point(m.Path)
	if at.absent {
		return // which is a difference already
	}
	got := "(covered)"
	if at.of.id != 0 {
		got = at.of.kind(m)
	}
	r.add("type", m.Path, strings.Join(append([]string{m.Type}, m.Options...), " "), got)
	if m.Here != (mount.Stands{}) {
		want, got := at.as(m.Here)
		r.add("standing", m.Path, want, got)
	}
	if m.Size != 0 {
		page := uint64(unix.Getpagesize())
		r.add("bounds", m.Path, bounds((m.Size+page-1)/page*page, m.Inodes), tree.bounds(m.Path))
	}
}

// kind is the type of a mount's file system and those of its options that are wanted, or
// that narrow a procfs.
func (f found) kind(m mount.Instance) string {
	words := []string{f.fstype}
	have := superOptions(f.super)
	for _, o := range m.Options {
		if slices.Contains(have, o) {
			words = append(words, o)
		}
	}
	for _, o := range have {
		if narrows := strings.HasPrefix(o, "subset=") || strings.HasPrefix(o, "hidepid="); narrows && f.fstype == "proc" && !slices.Contains(words, o) {
			words = append(words, o)
		}
	}
	return strings.Join(words, " ")
}

// superOptions splits the options of a file system. SELinux puts a context with commas in
// it between quotes.
func superOptions(text string) []string {
	var all []string
	quoted, begin := false, 0
	for i := range len(text) {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == ',' && !quoted:
			all = append(all, strings.ReplaceAll(text[begin:i], `"`, ""))
			begin = i + 1
		}
	}
	return append(all, strings.ReplaceAll(unescape(text[begin:]), `"`, ""))
}

func bounds(size, inodes uint64) string { return fmt.Sprintf("%d bytes, %d inodes", size, inodes) }

// bounds asks the file system at a path for its size.
func (t *tree) bounds(p string) string {
	fd, err := t.into(p)
	var st unix.Statfs_t
	if err == nil {
		err = unix.Fstatfs(fd, &st)
	}
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return bounds(st.Blocks*uint64(st.Bsize), st.Files)
}

// link reads a symbolic link of the tree.
func (t *tree) link(p string) string {
	dir, err := t.into(path.Dir(p))
	var buf [unix.PathMax]byte
	n := 0
	if err == nil {
		n, err = unix.Readlinkat(dir, path.Base(p), buf[:])
	}
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return string(buf[:n])
}
