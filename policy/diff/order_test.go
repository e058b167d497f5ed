package diff

import (
	"slices"

	"casemate/internal/sealed"
	"casemate/policy/filter"

	"golang.org/x/sys/unix"
)

// edit is one change of a policy and what it is called, forwards and backwards.
type edit struct {
	name    string
	make    func(*sealed.Policy)
	order   Order
	subject string // of one of the changes reported; "" where none is
	back    Order
}

var edits = slices.Concat(powersEdits, treeEdits, processEdits, cgroupEdits, otherEdits)

var powersEdits = []edit{
	{"a capability more", func(p *sealed.Policy) { p.Caps.Keep |= 1 << 21 }, Weaker, "bounding set", Stricter},
	{"ambient more", func(p *sealed.Policy) { p.Caps.Ambient = p.Caps.Keep }, Weaker, "ambient set", Stricter},
	{"another capability", func(p *sealed.Policy) { p.Caps.Keep = 1<<10 | 1<<13 }, Incomparable, "bounding set", Incomparable},
	{"more kept, less ambient", func(p *sealed.Policy) { p.Caps.Keep |= 1; p.Caps.Ambient = 0 }, Incomparable, "ambient set", Incomparable},
	{"a shared namespace", func(p *sealed.Policy) { p.Namespaces.New &^= unix.CLONE_NEWNET }, Weaker, "net", Stricter},
	{"a flag nobody knows", func(p *sealed.Policy) { p.Namespaces.New |= 1 << 50 }, Unknown, "flags", Unknown},
	{"a network that is there", func(p *sealed.Policy) { p.Namespaces.New &^= unix.CLONE_NEWNET; p.Namespaces.Join = "/run/netns/x" }, Weaker, "net", Stricter},
	{"no user namespace", func(p *sealed.Policy) {
		p.Namespaces.New, p.Namespaces.UIDs, p.Namespaces.GIDs = p.Namespaces.New&^unix.CLONE_NEWUSER, nil, nil
	}, Weaker, "user", Stricter},
	{"an id of the host more", func(p *sealed.Policy) { p.Namespaces.UIDs[0].Count++ }, Weaker, "uid map", Stricter},
	{"the host's root in the map", func(p *sealed.Policy) {
		p.Namespaces.GIDs = append([]sealed.IDRange{{Count: 1}}, p.Namespaces.GIDs...)
	}, Weaker, "gid map", Stricter},
	{"other ids of the host", func(p *sealed.Policy) { p.Namespaces.GIDs[0].Outside = 10; p.Exec.GID, p.Exec.Groups = 25, nil }, Incomparable, "gid map", Incomparable},
	{"the same ids in two lines", func(p *sealed.Policy) {
		p.Namespaces.UIDs = []sealed.IDRange{{Inside: 1, Outside: 1, Count: 100}, {Inside: 101, Outside: 101, Count: 65436}}
	}, Equal, "uid map", Equal},
	{"no time namespace", func(p *sealed.Policy) { p.Namespaces.New &^= unix.CLONE_NEWTIME; p.Namespaces.Clocks = sealed.Clocks{} }, Weaker, "time", Stricter},
	{"other clocks", func(p *sealed.Policy) { p.Namespaces.Clocks.Boottime = 86400e9 }, Equal, "clocks", Equal},
	{"the host name", func(p *sealed.Policy) { p.Namespaces.Hostname = "other" }, Equal, "hostname", Equal},
}

var treeEdits = []edit{
	{"a root of the host", func(p *sealed.Policy) { p.Root.Path = "/srv" }, Weaker, "path", Stricter},
	{"an image for a root", func(p *sealed.Policy) { p.Root.Image.File = "/a" }, Weaker, "path", Stricter},
	{"a verified image for a root", func(p *sealed.Policy) { p.Root.Image = verified }, Weaker, "path", Stricter},
	{"a writable root", func(p *sealed.Policy) { p.Root.Writable = true }, Weaker, "writable", Stricter},
	{"a link more", func(p *sealed.Policy) {
		p.Root.Symlinks = append(p.Root.Symlinks, sealed.Symlink{Path: "/lib", Target: "usr/lib"})
	}, Equal, "symlink /lib", Equal},
	{"a bind more", mount(sealed.Mount{Target: "/srv", Source: "/srv"}), Weaker, "/srv", Stricter},
	{"the same files by a mount of their own", mount(sealed.Mount{Target: "/usr/lib", Source: "/usr/lib", Exec: true, Recursive: true}), Equal, "", Equal},
	{"what the host has mounted there", func(p *sealed.Policy) {
		mountAt(p, "/usr").Recursive = false
		mount(sealed.Mount{Target: "/usr/lib", Source: "/usr/lib", Exec: true, Recursive: true})(p)
	}, Unknown, "/usr", Unknown},
	{"noexec over a part", mount(sealed.Mount{Target: "/usr/lib", Source: "/usr/lib", Recursive: true}), Stricter, "/usr/lib", Weaker},
	{"a part writable", mount(sealed.Mount{Target: "/usr/lib", Source: "/usr/lib", Recursive: true, Exec: true, Writable: true}), Weaker, "/usr/lib", Stricter},
	{"a part writable and noexec", mount(sealed.Mount{Target: "/usr/lib", Source: "/usr/lib", Recursive: true, Writable: true}), Incomparable, "/usr/lib", Incomparable},
	{"other files over a part", mount(sealed.Mount{Target: "/usr/lib", Source: "/opt/lib", Recursive: true, Exec: true}), Incomparable, "/usr/lib", Incomparable},
	{"a file system in /dev", mount(sealed.Mount{Kind: sealed.Tmpfs, Target: "/dev/shm", Writable: true, Size: 4096, Inodes: 16}), Weaker, "/dev/shm", Stricter},
	{"more memory in a tmpfs", mount(sealed.Mount{Kind: sealed.Tmpfs, Target: "/run/more", Writable: true, Size: 4096, Inodes: 16}), Weaker, "/run/more memory", Stricter},
	{"writable", at("/usr", func(m *sealed.Mount) { m.Writable = true }), Weaker, "/usr", Stricter},
	{"noexec", at("/usr", func(m *sealed.Mount) { m.Exec = false }), Stricter, "/usr", Weaker},
	{"nodev off", at("/usr", func(m *sealed.Mount) { m.Devices = true }), Weaker, "/usr", Stricter},
	{"owners mapped", at("/usr", func(m *sealed.Mount) { m.IDMap = true }), Weaker, "/usr", Stricter},
	{"owners of the root mapped", func(p *sealed.Policy) { p.Root.IDMap = true }, Weaker, "idmap", Stricter},
	{"processes alone, and none of the masks", func(p *sealed.Policy) {
		mountAt(p, "/proc").PIDOnly, p.Masks, p.ReadOnly = true, p.Masks[1:], p.ReadOnly[1:]
	}, Stricter, "/proc", Weaker},
	{"links not followed", at("/run", func(m *sealed.Mount) { m.NoFollow = true }), Stricter, "/run", Weaker},
	{"not recursive", at("/usr", func(m *sealed.Mount) { m.Recursive = false }), Unknown, "/usr", Unknown},
	{"not recursive, and writable", at("/usr", func(m *sealed.Mount) { m.Recursive, m.Writable = false, true }), Unknown, "/usr", Unknown},
	{"not recursive, and other rights", at("/usr", func(m *sealed.Mount) { m.Recursive, m.Writable, m.Exec = false, true, false }), Incomparable, "/usr", Incomparable},
	{"another source", at("/usr", func(m *sealed.Mount) { m.Source = "/usr2" }), Incomparable, "/usr", Incomparable},
	{"a larger tmpfs", at("/run", func(m *sealed.Mount) { m.Size *= 2 }), Weaker, "/run size", Stricter},
	{"more inodes", at("/run", func(m *sealed.Mount) { m.Inodes++ }), Weaker, "/run inodes", Stricter},
	{"mode of a tmpfs", at("/run", func(m *sealed.Mount) { m.Mode = 0o777 }), Weaker, "/run mode", Stricter},
	{"a sticky bit", at("/run", func(m *sealed.Mount) { m.Mode = 0o1700 }), Stricter, "/run mode", Weaker},
	{"owner of a tmpfs", at("/run", func(m *sealed.Mount) { m.UID = 9 }), Incomparable, "/run owner", Incomparable},
	{"no mask", func(p *sealed.Policy) { p.Masks = p.Masks[1:] }, Weaker, "/proc/kcore", Stricter},
	{"a mask more", func(p *sealed.Policy) { p.Masks = append(p.Masks, sealed.Path{Path: "/usr/include"}) }, Stricter, "/usr/include", Weaker},
	{"a mask over nothing", func(p *sealed.Policy) { p.Masks = append(p.Masks, sealed.Path{Path: "/nothing"}) }, Equal, "", Equal},
	{"a default mask of a file system that is not mounted", func(p *sealed.Policy) {
		p.Masks = append(p.Masks, sealed.Path{Path: "/sys/firmware", Default: true})
	}, Equal, "", Equal},
	{"no read-only path", func(p *sealed.Policy) { p.ReadOnly = p.ReadOnly[1:] }, Weaker, "/proc/sys", Stricter},
	{"read-only where it was anyway", func(p *sealed.Policy) { p.ReadOnly = append(p.ReadOnly, sealed.Path{Path: "/usr/lib"}) }, Equal, "", Equal},
	{"no proc, and none of its masks", func(p *sealed.Policy) {
		p.Mounts, p.Masks, p.ReadOnly = slices.Delete(p.Mounts, 1, 2), p.Masks[1:], p.ReadOnly[1:]
	}, Stricter, "/proc", Weaker},
}

var processEdits = []edit{
	{"root", func(p *sealed.Policy) { p.Exec.UID = 0 }, Weaker, "uid", Stricter},
	{"another user", func(p *sealed.Policy) { p.Exec.UID = 35 }, Incomparable, "uid", Incomparable},
	{"root's group", func(p *sealed.Policy) { p.Exec.GID = 0 }, Weaker, "gid", Stricter},
	{"a group more", func(p *sealed.Policy) { p.Exec.Groups = []uint32{5, 6} }, Weaker, "groups", Stricter},
	{"another group", func(p *sealed.Policy) { p.Exec.Groups = []uint32{6} }, Incomparable, "groups", Incomparable},
	{"a wider umask", func(p *sealed.Policy) { p.Exec.Umask = 0o02 }, Weaker, "umask", Stricter},
	{"arguments", func(p *sealed.Policy) { p.Exec.Argv = []string{"/bin/sh"} }, Equal, "argv", Equal},
	{"environment", func(p *sealed.Policy) { p.Exec.Env = nil }, Equal, "env", Equal},
	{"a terminal", func(p *sealed.Policy) { p.Exec.TTY = true }, Weaker, "tty", Stricter},
	{"no mdwe", func(p *sealed.Policy) { p.Exec.Memory.MDWE = false }, Weaker, "mdwe", Stricter},
	{"memfds executed", func(p *sealed.Policy) { p.Exec.Memory.MemFD = sealed.MemFDExec }, Weaker, "memfd", Stricter},
	{"no memfds", func(p *sealed.Policy) { p.Exec.Memory.MemFD = sealed.MemFDNone }, Equal, "memfd", Equal},
	{"a shared core", func(p *sealed.Policy) { p.Exec.Core = false }, Weaker, "core scheduling", Stricter},
	{"less speculation", func(p *sealed.Policy) { p.Exec.Spec = sealed.SpecKinds }, Stricter, "no speculation", Weaker},
	{"other speculation", func(p *sealed.Policy) { p.Exec.Spec = sealed.SpecIndirectBranch }, Incomparable, "no speculation", Incomparable},
	{"dies first", func(p *sealed.Policy) { p.Exec.OOMScore = 500 }, Stricter, "oom_score_adj", Weaker},
	{"the manager's oom score", func(p *sealed.Policy) { p.Exec.SetOOM, p.Exec.OOMScore = false, 0 }, Stricter, "oom_score_adj", Weaker},
	{"a longer limit", func(p *sealed.Policy) { p.Exec.Rlimits[1].Hard = 4096 }, Weaker, "nofile", Stricter},
	{"soft up, hard down", func(p *sealed.Policy) { p.Exec.Rlimits[1].Soft, p.Exec.Rlimits[1].Hard = 100, 100 }, Incomparable, "nofile", Incomparable},
	{"a limit set", rlimit(2, 1<<20), Stricter, "data", Weaker},
	{"a limit over the kernel's own", rlimit(8, 1<<30), Weaker, "memlock", Stricter},
	{"a limit that depends on the machine", rlimit(6, 100), Incomparable, "nproc", Incomparable},
	{"no limit where one depends on the machine", rlimit(6, infinite), Weaker, "nproc", Stricter},
	{"none at all where one depends on the machine", rlimit(6, 0), Stricter, "nproc", Weaker},
}

var verified = sealed.Image{File: "/a", Verity: "/b", Hash: [32]byte{1}}

var cgroupEdits = []edit{
	{"more memory", limit("memory.max", "2097152"), Weaker, "memory.max", Stricter},
	{"memory without bound", limit("memory.max", "max"), Weaker, "memory.max", Stricter},
	{"a limit gone", func(p *sealed.Policy) { p.Limits = p.Limits[:1] }, Weaker, "pids.max", Stricter},
	{"memory that cannot be read", limit("memory.max", "much"), Unknown, "memory.max", Unknown},
	{"a file nobody knows", limit("misc.max", "1"), Unknown, "misc.max", Unknown},
	{"a new limit", limit("cpu.max", "50000 100000"), Stricter, "cpu.max", Weaker},
	{"swap", limit("memory.swap.max", "0"), Stricter, "memory.swap.max", Weaker},
	{"a weight", limit("cpu.weight", "10"), Equal, "cpu.weight", Equal},
	{"weights of devices", limit("io.weight", "default 50"), Equal, "io.weight", Equal},
	{"processors", limit("cpuset.cpus", "0-3"), Stricter, "cpuset.cpus", Weaker},
	{"a device's rate", limit("io.max", "8:0 rbps=1000"), Stricter, "io.max 8:0 rbps", Weaker},
	{"a device's rate that is none", limit("io.max", "8:0 what=1"), Unknown, "io.max", Unknown},
}

var otherEdits = []edit{
	{"a device", func(p *sealed.Policy) {
		p.Devices = append(p.Devices, sealed.Device{Path: "/dev/kvm", Major: 10, Minor: 232, Access: sealed.AccessRead})
	}, Weaker, "c 10:232", Stricter},
	{"a device that may be written", func(p *sealed.Policy) { p.Devices[0].Access |= sealed.AccessWrite }, Weaker, "c 10:229", Stricter},
	{"a device of the same number and another kind", func(p *sealed.Policy) { p.Devices[0].Block = true }, Incomparable, "b 10:229", Incomparable},
	{"a device under another name", func(p *sealed.Policy) { p.Devices[0].Path = "/dev/fuse0" }, Equal, "c 10:229", Equal},
	{"no label", func(p *sealed.Policy) { p.LSM.AppArmor = sealed.Label{} }, Weaker, "apparmor", Stricter},
	{"another label", func(p *sealed.Policy) { p.LSM.SELinux.Text = "u:r:other:s0" }, Incomparable, "selinux", Incomparable},
	{"a level as stated", func(p *sealed.Policy) { p.LSM.Contexts.Auto = false }, Weaker, "selinux level", Stricter},
	{"other files", func(p *sealed.Policy) { p.LSM.Contexts.Files = "u:r:other" }, Incomparable, "selinux files", Incomparable},
	{"a label not required", func(p *sealed.Policy) { p.LSM.SELinux.Require = false }, Weaker, "selinux require", Stricter},
	{"no landlock", func(p *sealed.Policy) { p.LSM.Landlock = sealed.Landlock{} }, Weaker, "files", Stricter},
	{"abstract sockets", domain(func(l *sealed.Landlock) { l.Scoped &^= sealed.ScopeAbstract }), Weaker, "abstract sockets", Stricter},
	{"signals", domain(func(l *sealed.Landlock) { l.Scoped &^= sealed.ScopeSignals }), Weaker, "signals", Stricter},
	{"a port", domain(func(l *sealed.Landlock) { l.Ports = append(l.Ports, sealed.Port{Number: 81, Allow: sealed.PortBind}) }), Weaker, "bind", Stricter},
	{"another port", domain(func(l *sealed.Landlock) { l.Ports[0].Number = 81 }), Incomparable, "bind", Incomparable},
	{"ports that are connected to", domain(func(l *sealed.Landlock) { l.Net |= sealed.PortConnect }), Stricter, "connect", Weaker},
	{"every port", domain(func(l *sealed.Landlock) { l.Net, l.Ports = 0, nil }), Weaker, "bind", Stricter},
	{"an older kernel", domain(func(l *sealed.Landlock) { l.MinABI = 3 }), Weaker, "min_abi", Stricter},
	{"denials in the log", domain(func(l *sealed.Landlock) { l.Log = true }), Equal, "log", Equal},
	{"a path that is written", domain(func(l *sealed.Landlock) {
		l.Beneath = append(l.Beneath, sealed.Beneath{Path: "/srv", Allow: sealed.FileWrite})
	}), Weaker, "/srv", Stricter},
	{"a path that could be written anyway", domain(func(l *sealed.Landlock) {
		l.Beneath = append(l.Beneath, sealed.Beneath{Path: "/run/x", Allow: sealed.FileWrite})
	}), Equal, "", Equal},
	{"another path that is written", domain(func(l *sealed.Landlock) { l.Beneath[1].Path = "/srv" }), Incomparable, "/srv", Incomparable},
	{"ioctl on devices not denied", domain(func(l *sealed.Landlock) { l.Files &^= sealed.FileIoctl }), Weaker, "files", Stricter},
	{"a signal", func(p *sealed.Policy) { p.Signals.Forward = nil }, Equal, "forward", Equal},
	{"readiness", func(p *sealed.Policy) { p.Manager.Ready = sealed.ReadyExec }, Equal, "ready", Equal},
	{"a descriptor", func(p *sealed.Policy) {
		p.Manager.Sockets = append(p.Manager.Sockets, sealed.Passed{Name: "https"})
	}, Weaker, "passed descriptors", Stricter},
	{"another credential", func(p *sealed.Policy) { p.Manager.Credentials = []sealed.Passed{{Name: "cert"}} }, Incomparable, "credentials", Incomparable},
	{"an architecture less", func(p *sealed.Policy) { p.Filters = p.Filters[1:] }, Stricter, "arm64", Weaker},
	{"logged instead of denied", also(filter.Action(unix.SECCOMP_RET_LOG)), Weaker, "amd64 write", Stricter},
}

func mount(m sealed.Mount) func(*sealed.Policy) {
	return func(p *sealed.Policy) { p.Mounts = append(p.Mounts, m) }
}

func at(target string, edit func(*sealed.Mount)) func(*sealed.Policy) {
	return func(p *sealed.Policy) { edit(mountAt(p, target)) }
}

func domain(edit func(*sealed.Landlock)) func(*sealed.Policy) {
	return func(p *sealed.Policy) { edit(&p.LSM.Landlock) }
}

func rlimit(resource uint32, n uint64) func(*sealed.Policy) {
	return func(p *sealed.Policy) {
		p.Exec.Rlimits = append(p.Exec.Rlimits, sealed.Rlimit{Resource: resource, Soft: n, Hard: n})
	}
}

func limit(file, value string) func(*sealed.Policy) {
	return func(p *sealed.Policy) {
		for i := range p.Limits {
			if p.Limits[i].File == file {
				p.Limits[i].Value = value
				return
			}
		}
		p.Limits = append(p.Limits, sealed.Limit{File: file, Value: value})
	}
}
