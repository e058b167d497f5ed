package mount

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"casemate/internal/facts"
	"casemate/internal/plan"
	"casemate/internal/sealed"
	"casemate/selinux"

	"golang.org/x/sys/unix"
)

// Tree attaches the mounts of the policy, parents first.
func Tree(l *plan.List, p *sealed.Policy, f *facts.Facts) {
	label := fileLabel(p, f)
	for i := range p.Mounts {
		m := &p.Mounts[i]
		in, rest, fresh := holder(p, m.Target)
		if fresh {
			point(l, m, in, rest)
		}
		open(l, m.At, in, rest, m.Type, "point")
		create(l, p, m, label)
		attach(l, m.At, slotOf(m.Target), "point")
		if m.Kind == sealed.Dev {
			devices(l, m, p.Devices, label)
		}
	}
}

// point makes the mount point in a fresh mount. In a directory of the host it has
// to be there: nothing is ever created in a root that is not ours (CVE-2024-45310).
func point(l *plan.List, m *sealed.Mount, in, rest string) {
	if m.Type == sealed.Directory {
		directories(l, m.At, in, rest)
		return
	}
	directories(l, m.At, in, parent(rest))
	l.Tolerate(m.At, "EEXIST", plan.Mknodat, plan.Slot(in), plan.String(rest),
		plan.Named(unix.S_IFREG|0o444, "S_IFREG|0444"), plan.Num(0))
}

// create makes the detached mount in the slot of its target.
func create(l *plan.List, p *sealed.Policy, m *sealed.Mount, label [][2]string) {
	slot, attrs := slotOf(m.Target), attributes(m)
	switch m.Kind {
	case sealed.Bind, sealed.Notify, sealed.Secrets:
		// The parent has copied or made it; only its attributes are missing.
		setattr(l, m.At, slot, attrs, m.Recursive, true)
	case sealed.Tmpfs: // read-only comes with Seal, here and for Dev
		filesystem(l, m.At, slot, "tmpfs", attrs&^unix.MOUNT_ATTR_RDONLY, append([][2]string{
			{"mode", fmt.Sprintf("%#o", m.Mode)},
			{"uid", strconv.FormatUint(uint64(p.Namespaces.HostUID(m.UID)), 10)},
			{"gid", strconv.FormatUint(uint64(p.Namespaces.HostGID(m.GID)), 10)},
		}, append(bounds(m), label...)...)...)
	case sealed.Dev:
		filesystem(l, m.At, slot, "tmpfs", attrs&^unix.MOUNT_ATTR_RDONLY, append([][2]string{{"mode", "0755"}}, append(bounds(m), label...)...)...)
	case sealed.Proc:
		filesystem(l, m.At, slot, "proc", attrs&^unix.MOUNT_ATTR_RDONLY, subset(m)...)
	case sealed.Sysfs:
		filesystem(l, m.At, slot, "sysfs", attrs)
	case sealed.Mqueue:
		filesystem(l, m.At, slot, "mqueue", attrs&^unix.MOUNT_ATTR_RDONLY)
	case sealed.Cgroup2:
		filesystem(l, m.At, slot, "cgroup2", attrs)
	}
}

// subset leaves the kernel's own files out of a procfs, proc(5), Linux 5.8.
func subset(m *sealed.Mount) [][2]string {
	if !m.PIDOnly {
		return nil
	}
	return [][2]string{{"subset", "pid"}}
}

// fileLabel is an option of each file system that the launch makes.
func fileLabel(p *sealed.Policy, f *facts.Facts) [][2]string {
	return selinux.MountOptions(p.LSM.Contexts.Files, p.LSM.SELinux.Text, f.SELinux)
}

// bounds of a tmpfs, tmpfs(5).
func bounds(m *sealed.Mount) [][2]string {
	return [][2]string{
		{"size", strconv.FormatUint(m.Size, 10)},
		{"nr_inodes", strconv.FormatUint(m.Inodes, 10)},
	}
}

// NullDescriptors puts the container's own /dev/null in the place of the host's where a
// standard descriptor is that: a workload of uid 0 could change the mode of the host's
// node through it, which every process of the host uses.
func NullDescriptors(l *plan.List, p *sealed.Policy, f *facts.Facts) {
	i := slices.IndexFunc(p.Mounts, func(m sealed.Mount) bool { return m.Kind == sealed.Dev })
	if i < 0 || len(f.Null) == 0 {
		return
	}
	m := &p.Mounts[i]
	const flags = unix.O_RDWR | unix.O_CLOEXEC
	l.Save(m.At, "null", plan.Openat2, plan.Slot(slotOf(m.Target)), plan.String("null"), openHow(flags, Beneath), plan.Num(openHowSize))
	for _, fd := range f.Null {
		l.Add(m.At, plan.Dup3, plan.Slot("null"), plan.Num(uint64(fd)), plan.Num(0))
	}
}

// nodes are the devices every program may expect, null(4), random(4), tty(4).
var nodes = []struct {
	name         string
	major, minor uint32
}{
	{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
}

// links are the names below /dev that libc and shells expect.
var links = [][2]string{
	{"fd", "/proc/self/fd"}, {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},
}

// device makes a node that the policy asks for. Who may open it is the device program's
// business: the container is one service.
func device(l *plan.List, slot string, d *sealed.Device) {
	kind, name := uint64(unix.S_IFCHR), "S_IFCHR"
	if d.Block {
		kind, name = unix.S_IFBLK, "S_IFBLK"
	}
	l.Add(d.At, plan.Mknodat, plan.Slot(slot), plan.String(strings.TrimPrefix(d.Path, "/dev/")), plan.Named(kind|0o666, name+"|0666"),
		plan.Named(unix.Mkdev(d.Major, d.Minor), fmt.Sprintf("makedev(%d, %d)", d.Major, d.Minor)))
}

// NodeNames are the devices among DevNames.
func NodeNames() []string {
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = n.name
	}
	return names
}

// DevNames are what stands in a fresh /dev besides what is mounted there.
func DevNames() []string {
	names := append([]string{"pts"}, NodeNames()...)
	for _, k := range links {
		names = append(names, k[0])
	}
	return names
}

// devices fills /dev. The nodes are made here in a tmpfs that nobody else has seen,
// by number: no node of the host or of the root is a source that could be another
// device than it says (CVE-2025-31133).
func devices(l *plan.List, m *sealed.Mount, more []sealed.Device, label [][2]string) {
	slot := slotOf(m.Target)
	for _, n := range nodes {
		l.Add(m.At, plan.Mknodat, plan.Slot(slot), plan.String(n.name), plan.Named(unix.S_IFCHR|0o666, "S_IFCHR|0666"),
			plan.Named(unix.Mkdev(n.major, n.minor), fmt.Sprintf("makedev(%d, %d)", n.major, n.minor)))
	}
	for _, d := range more {
		device(l, slot, &d)
	}
	for _, k := range links {
		l.Add(m.At, plan.Symlinkat, plan.String(k[1]), plan.Slot(slot), plan.String(k[0]))
	}
	// A devpts of its own: no terminal of the host is reachable through it.
	directories(l, m.At, slot, "pts")
	open(l, m.At, slot, "pts", sealed.Directory, "point")
	filesystem(l, m.At, slotOf(m.Target+"/pts"), "devpts", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC,
		append([][2]string{{"ptmxmode", "0666"}, {"mode", "0620"}}, label...)...)
	attach(l, m.At, slotOf(m.Target+"/pts"), "point")
}
