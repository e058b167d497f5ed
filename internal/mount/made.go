package mount

import (
	"fmt"
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
	Here    string // what stands there, as Standing writes it; "" for the kernel's own
}

// Standing writes down what stands at a path: its mode with the type, its owner, and of a
// device the number.
func Standing(mode, uid, gid uint32, rdev uint64) string {
	kind := ""
	switch mode & unix.S_IFMT {
	case unix.S_IFDIR:
		kind = "directory"
	case unix.S_IFREG:
		kind = "file"
	case unix.S_IFSOCK:
		kind = "socket"
	case unix.S_IFLNK:
		kind = "symbolic link"
	case unix.S_IFIFO:
		kind = "FIFO"
	case unix.S_IFCHR:
		kind = fmt.Sprintf("character device %d:%d", unix.Major(rdev), unix.Minor(rdev))
	case unix.S_IFBLK:
		kind = fmt.Sprintf("block device %d:%d", unix.Major(rdev), unix.Minor(rdev))
	}
	return fmt.Sprintf("%s %04o %d:%d", kind, mode&0o7777, uid, gid)
}

// Made lists the file systems of a finished tree that are the launch's own.
func Made(p *sealed.Policy, f *facts.Facts) []Instance {
	label := options(fileLabel(p, f))
	var all []Instance
	if p.Root.Path == "" {
		all = append(all, Instance{Path: "/", Type: "tmpfs", Options: label, Size: 1 << 20, Inodes: 1024, Here: Standing(unix.S_IFDIR|0o755, 0, 0, 0)})
	}
	for i := range p.Mounts {
		m := &p.Mounts[i]
		switch at := (Instance{Path: m.Target}); m.Kind {
		case sealed.Tmpfs:
			at.Type, at.Options, at.Size, at.Inodes = "tmpfs", label, m.Size, m.Inodes
			at.Here = Standing(unix.S_IFDIR|m.Mode, p.Namespaces.HostUID(m.UID), p.Namespaces.HostGID(m.GID), 0)
			all = append(all, at)
		case sealed.Dev:
			at.Type, at.Options, at.Size, at.Inodes = "tmpfs", label, m.Size, m.Inodes
			at.Here = Standing(unix.S_IFDIR|0o755, 0, 0, 0)
			all = append(all, at, Instance{Path: m.Target + "/pts", Type: "devpts", Options: append([]string{"mode=620", "ptmxmode=666"}, label...)})
		case sealed.Proc, sealed.Sysfs, sealed.Mqueue, sealed.Cgroup2:
			at.Type, at.Options = kernels[m.Kind], options(subset(m))
			all = append(all, at)
		}
	}
	for _, m := range Present(p, f, p.Masks) {
		mode := uint32(unix.S_IFREG)
		if m.Type == sealed.Directory {
			mode = unix.S_IFDIR
		}
		all = append(all, Instance{Path: m.Path, Type: "tmpfs", Here: Standing(mode, 0, 0, 0)})
	}
	return all
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

// Thing is what must stand in a file system of a launch's own.
type Thing struct{ Path, Text string }

// Nodes are the devices of a finished tree, with what Standing says of them.
func Nodes(p *sealed.Policy) []Thing {
	var all []Thing
	for i := range p.Mounts {
		if p.Mounts[i].Kind != sealed.Dev {
			continue
		}
		for _, n := range nodes {
			all = append(all, Thing{p.Mounts[i].Target + "/" + n.name, Standing(unix.S_IFCHR|0o666, 0, 0, unix.Mkdev(n.major, n.minor))})
		}
		for _, d := range p.Devices {
			mode := uint32(unix.S_IFCHR | 0o666)
			if d.Block {
				mode = unix.S_IFBLK | 0o666
			}
			all = append(all, Thing{p.Mounts[i].Target + "/" + strings.TrimPrefix(d.Path, "/dev/"), Standing(mode, 0, 0, unix.Mkdev(d.Major, d.Minor))})
		}
	}
	return all
}

// Links are the symbolic links of a finished tree that the launch makes, with what they lead to.
func Links(p *sealed.Policy) []Thing {
	var all []Thing
	if p.Root.Path == "" {
		for _, s := range p.Root.Symlinks {
			all = append(all, Thing{s.Path, s.Target})
		}
	}
	for i := range p.Mounts {
		if p.Mounts[i].Kind != sealed.Dev {
			continue
		}
		for _, k := range links {
			all = append(all, Thing{p.Mounts[i].Target + "/" + k[0], k[1]})
		}
	}
	return all
}
