package mount

import (
	"strconv"
	"strings"

	"casemate/internal/facts"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// Instance is a file system that the launch makes, for verification: what lies at Path.
type Instance struct {
	Path    string
	Type    string   // of the file system
	Options []string // of it, as proc_pid_mountinfo(5) shows them; it may have others
	Size    uint64   // bytes, and inodes, that it is bounded by; 0 for no bound of ours
	Inodes  uint64
	Here    Stands // what stands there; the zero value for the kernel's own
}

// Stands is what stands at a path: its mode with the type, its owner, and of a device the
// number.
type Stands struct {
	Mode, UID, GID uint32
	Number         uint64
}

// String writes it down. Past package fmt: a launch has some fifty of them.
func (s Stands) String() string {
	b := make([]byte, 0, 48)
	number := func(text string, n uint64, base int) {
		b = strconv.AppendUint(append(b, text...), n, base)
	}
	device := func(text string) {
		number(text, uint64(unix.Major(s.Number)), 10)
		number(":", uint64(unix.Minor(s.Number)), 10)
	}
	switch s.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		b = append(b, "directory"...)
	case unix.S_IFREG:
		b = append(b, "file"...)
	case unix.S_IFSOCK:
		b = append(b, "socket"...)
	case unix.S_IFLNK:
		b = append(b, "symbolic link"...)
	case unix.S_IFIFO:
		b = append(b, "FIFO"...)
	case unix.S_IFCHR:
		device("character device ")
	case unix.S_IFBLK:
		device("block device ")
	}
	b = append(b, ' ')
	for shift := 9; shift >= 0; shift -= 3 {
		b = append(b, '0'+byte(s.Mode>>shift&7))
	}
	number(" ", uint64(s.UID), 10)
	number(":", uint64(s.GID), 10)
	return string(b)
}

// Made lists the file systems of a finished tree that are the launch's own.
func Made(p *sealed.Policy, f *facts.Facts) []Instance {
	label := options(fileLabel(p, f))
	var all []Instance
	if p.Root.Assembled() {
		all = append(all, Instance{Path: "/", Type: "tmpfs", Options: label, Size: 1 << 20, Inodes: 1024, Here: Stands{Mode: unix.S_IFDIR | 0o755}})
	}
	for i := range p.Mounts {
		m := &p.Mounts[i]
		switch at := (Instance{Path: m.Target}); m.Kind {
		case sealed.Tmpfs:
			at.Type, at.Options, at.Size, at.Inodes = "tmpfs", label, m.Size, m.Inodes
			at.Here = Stands{Mode: unix.S_IFDIR | m.Mode, UID: p.Namespaces.HostUID(m.UID), GID: p.Namespaces.HostGID(m.GID)}
			all = append(all, at)
		case sealed.Dev:
			at.Type, at.Options, at.Size, at.Inodes = "tmpfs", label, m.Size, m.Inodes
			at.Here = Stands{Mode: unix.S_IFDIR | 0o755}
			all = append(all, at, Instance{Path: m.Target + "/pts", Type: "devpts", Options: append([]string{"mode=620", "ptmxmode=666"}, label...)})
		case sealed.Proc, sealed.Sysfs, sealed.Mqueue, sealed.Cgroup2:
			at.Type, at.Options = kernels[m.Kind], options(subset(m))
			all = append(all, at)
		}
	}
	cover := maskOptions()
	for _, m := range Present(p, f, p.Masks) {
		mode := uint32(unix.S_IFREG)
		if m.Type == sealed.Directory {
			mode = unix.S_IFDIR
		}
		all = append(all, Instance{Path: m.Path, Type: "tmpfs", Options: cover, Here: Stands{Mode: mode}})
	}
	return all
}

// maskOptions are those of the file system of masks, whose size is a page at least.
func maskOptions() []string {
	size := max(4, unix.Getpagesize()>>10)
	return []string{"size=" + strconv.Itoa(size) + "k", "nr_inodes=4", "mode=555"}
}

// kernels are the types of file systems whose contents are the kernel's.
var kernels = map[sealed.MountKind]string{sealed.Proc: "proc", sealed.Sysfs: "sysfs", sealed.Mqueue: "mqueue", sealed.Cgroup2: "cgroup2"}

// options writes options of fsconfig(2) as the kernel shows them.
func options(list [][2]string) []string {
	var all []string
	for _, o := range list {
		all = append(all, o[0]+"="+o[1])
	}
	return all
}

// Node is a device that must stand in a finished tree.
type Node struct {
	Path string
	Here Stands
}

// Nodes are the devices of a finished tree.
func Nodes(p *sealed.Policy) []Node {
	var all []Node
	for i := range p.Mounts {
		if p.Mounts[i].Kind != sealed.Dev {
			continue
		}
		for _, n := range nodes {
			all = append(all, Node{p.Mounts[i].Target + "/" + n.name, Stands{Mode: unix.S_IFCHR | 0o666, Number: unix.Mkdev(n.major, n.minor)}})
		}
		for _, d := range p.Devices {
			mode := uint32(unix.S_IFCHR | 0o666)
			if d.Block {
				mode = unix.S_IFBLK | 0o666
			}
			all = append(all, Node{p.Mounts[i].Target + "/" + strings.TrimPrefix(d.Path, "/dev/"), Stands{Mode: mode, Number: unix.Mkdev(d.Major, d.Minor)}})
		}
	}
	return all
}

// Link is a symbolic link that the launch makes, with what it leads to.
type Link struct{ Path, Target string }

// Links are those of a finished tree.
func Links(p *sealed.Policy) []Link {
	var all []Link
	if p.Root.Assembled() {
		for _, s := range p.Root.Symlinks {
			all = append(all, Link{s.Path, s.Target})
		}
	}
	for i := range p.Mounts {
		if p.Mounts[i].Kind != sealed.Dev {
			continue
		}
		for _, k := range links {
			all = append(all, Link{p.Mounts[i].Target + "/" + k[0], k[1]})
		}
	}
	return all
}
