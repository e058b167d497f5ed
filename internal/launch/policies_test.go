package launch

import (
	"encoding/json"
	"os"
	"testing"

	"casemate/internal/facts"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// recorded reads the facts that casemate-shim probe printed on some host: a Debian 12
// with AppArmor, one with SELinux; arm64.json is the latter, changed to another machine.
func recorded(t testing.TB, name string) *facts.Facts {
	t.Helper()
	b, err := os.ReadFile("testdata/facts/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	f := new(facts.Facts)
	if err := json.Unmarshal(b, f); err != nil {
		t.Fatal(err)
	}
	return f
}

// allowAll is "return SECCOMP_RET_ALLOW", the shortest program that the kernel takes.
var allowAll = []byte{6, 0, 0, 0, 0, 0, 0xff, 0x7f}

// everywhere is allowAll for each architecture of a policy.
func everywhere() []sealed.Filter {
	return []sealed.Filter{{Arch: sealed.ArchAMD64, Program: allowAll, By: "test"}, {Arch: sealed.ArchARM64, Program: allowAll, By: "test"}}
}

// allNew are the namespaces of a policy that shares none.
const allNew = unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWNET | unix.CLONE_NEWCGROUP

// minimal is the least that a sealed policy can be.
func minimal() *sealed.Policy {
	return &sealed.Policy{
		Service: "minimal",
		Exec: sealed.Exec{
			Argv: []string{"/app"}, Cwd: "/", UID: 65534, GID: 65534, Umask: 0o077, At: "min.toml:3",
			Rlimits: []sealed.Rlimit{{Resource: 4, At: "default"}, {Resource: 7, Soft: 1024, Hard: 4096, At: "default"}},
		},
		Root:       sealed.Root{At: "default"},
		Namespaces: sealed.Namespaces{New: allNew, Hostname: "minimal", At: "default"},
		Signals:    sealed.Signals{Stop: 15},
		Caps:       sealed.Capabilities{At: "default"},
		Filters:    everywhere(),
	}
}

// full has every mount kind, both lists of paths, capabilities, limits, and a label.
func full() *sealed.Policy {
	p := minimal()
	p.Service, p.Exec.Groups, p.Exec.SetOOM, p.Exec.OOMScore = "full", []uint32{4, 20}, true, 500
	p.Exec.TTY = true
	p.Exec.Memory, p.Exec.Core, p.Exec.Spec = sealed.Memory{MemFD: sealed.MemFDNoExec}, true, sealed.SpecKinds
	p.Exec.Rlimits = append(p.Exec.Rlimits, sealed.Rlimit{Resource: 8, Soft: ^uint64(0), Hard: ^uint64(0), At: "full.toml:9"})
	p.Root.Symlinks = []sealed.Symlink{{Path: "/lib", Target: "usr/lib", At: "full.toml:12"}, {Path: "/var/run", Target: "/run", At: "full.toml:13"}}
	p.Namespaces.Hostname = "full.example"
	p.Mounts = []sealed.Mount{
		{Kind: sealed.Bind, Target: "/usr", Source: "/usr", Exec: true, Recursive: true, At: "full.toml:20"},
		{Kind: sealed.Bind, Target: "/etc/hosts", Source: "/etc/hosts", Type: sealed.RegularFile, At: "full.toml:21"},
		{Kind: sealed.Bind, Target: "/run/log", Source: "/run/systemd/journal/dev-log", Type: sealed.Socket, Writable: true, At: "full.toml:22"},
		{Kind: sealed.Tmpfs, Target: "/tmp", Mode: 0o1777, Size: 16 << 20, Inodes: 4096, Writable: true, NoFollow: true, At: "full.toml:23"},
		{Kind: sealed.Tmpfs, Target: "/var/empty", Mode: 0o711, UID: 65534, GID: 65534, Size: 4096, Inodes: 16, At: "full.toml:24"},
		{Kind: sealed.Bind, Target: "/var/empty/data", Source: "/srv/data", Writable: true, At: "full.toml:25"},
		{Kind: sealed.Dev, Target: "/dev", Devices: true, Size: 65536, Inodes: 64, At: "full.toml:26"},
		{Kind: sealed.Mqueue, Target: "/dev/mqueue", Writable: true, At: "full.toml:27"},
		{Kind: sealed.Tmpfs, Target: "/dev/shm", Mode: 0o1777, Size: 8 << 20, Inodes: 1024, Writable: true, At: "full.toml:28"},
		{Kind: sealed.Proc, Target: "/proc", At: "full.toml:29"},
		{Kind: sealed.Sysfs, Target: "/sys", At: "full.toml:30"},
		{Kind: sealed.Cgroup2, Target: "/sys/fs/cgroup", At: "full.toml:31"},
	}
	p.Masks = []sealed.Path{
		byDefault("/proc/acpi"), byDefault("/proc/kcore"), byDefault("/proc/nowhere"), byDefault("/sys/firmware"),
		{Path: "/usr/share/doc", Type: sealed.Directory, At: "full.toml:35"},
		{Path: "/usr/share/secret", Type: sealed.RegularFile, At: "full.toml:36"},
	}
	p.ReadOnly = []sealed.Path{byDefault("/proc/bus"), byDefault("/proc/sys"), {Path: "/tmp/fixed", At: "full.toml:38"}}
	const bind, setuid = 1 << unix.CAP_NET_BIND_SERVICE, 1 << unix.CAP_SETUID
	p.Caps = sealed.Capabilities{Keep: bind | setuid, Ambient: bind, At: "full.toml:40"}
	p.LSM.AppArmor = sealed.Label{Text: "casemate-test", Require: true, At: "full.toml:45"}
	p.LSM.SELinux = sealed.Label{Text: "system_u:system_r:full_t:s0", At: "full.toml:46"}
	p.LSM.Contexts.Files = "system_u:object_r:full_file_t"
	p.LSM.Landlock = sealed.Landlock{
		Files: sealed.FileRights, Net: sealed.PortBind, Scoped: sealed.ScopeRights, At: "full.toml:47",
		Beneath: []sealed.Beneath{
			{Path: "/", Allow: sealed.FileRead | sealed.DirRead, At: "full.toml:12"}, {Path: "/dev/tty", Type: sealed.RegularFile, Allow: sealed.FileIoctl, At: "full.toml:26"},
			{Path: "/usr", Allow: sealed.FileExecute, At: "full.toml:20"},
		},
		Ports: []sealed.Port{{Number: 80, Allow: sealed.PortBind, At: "full.toml:48"}},
	}
	p.Limits = []sealed.Limit{
		{File: "memory.max", Value: "67108864", At: "full.toml:50"}, {File: "memory.oom.group", Value: "1", At: "full.toml:51"},
		{File: "pids.max", Value: "64", At: "full.toml:52"}, {File: "io.max", Value: "8:0 rbps=1048576", At: "full.toml:53"},
	}
	return p
}

func byDefault(path string) sealed.Path { return sealed.Path{Path: path, Default: true, At: "default"} }

// hostRoot has a directory of the host for its root.
func hostRoot() *sealed.Policy {
	p := minimal()
	p.Service = "host-root"
	p.Root = sealed.Root{Path: "/srv/root", At: "root.toml:5"}
	p.Mounts = []sealed.Mount{
		{Kind: sealed.Bind, Target: "/srv/data", Source: "/srv/data", Writable: true, At: "root.toml:7"},
		{Kind: sealed.Tmpfs, Target: "/tmp", Mode: 0o1777, Size: 1 << 20, Inodes: 100, Writable: true, At: "root.toml:8"},
		{Kind: sealed.Bind, Target: "/tmp/deep/socket", Source: "/run/socket", Type: sealed.Socket, At: "root.toml:9"},
		{Kind: sealed.Proc, Target: "/proc", At: "root.toml:10"},
	}
	p.Masks = []sealed.Path{byDefault("/proc/kcore"), byDefault("/sys/firmware"), {Path: "/etc/shadow", Type: sealed.RegularFile, At: "root.toml:12"}}
	p.ReadOnly = []sealed.Path{{Path: "/srv/data/fixed", At: "root.toml:13"}}
	return p
}

// inImage has a verified image for its root.
func inImage() *sealed.Policy {
	p := hostRoot()
	p.Service = "image"
	p.Root = sealed.Root{Image: sealed.Image{File: "/srv/root.erofs", Verity: "/srv/root.verity", Hash: [32]byte{0x1f, 31: 0xf1}}, At: "image.toml:5"}
	return p
}

// mapped has a user and a time namespace, a network that is there, and mounts with the
// ids of disks.
func mapped() *sealed.Policy {
	p := minimal()
	p.Service, p.Exec.UID, p.Exec.GID, p.Exec.Groups = "mapped", 0, 0, []uint32{5}
	p.Root = sealed.Root{Path: "/srv/root", IDMap: true, At: "mapped.toml:5"}
	p.Namespaces = sealed.Namespaces{
		New:  allNew&^unix.CLONE_NEWNET | unix.CLONE_NEWUSER | unix.CLONE_NEWTIME,
		UIDs: []sealed.IDRange{{Inside: 0, Outside: 100000, Count: 65536, At: "mapped.toml:8"}},
		GIDs: []sealed.IDRange{{Inside: 0, Outside: 200000, Count: 1000, At: "mapped.toml:9"}, {Inside: 65534, Outside: 300000, Count: 1, At: "mapped.toml:9"}},
		Join: "/run/netns/web", JoinAt: "mapped.toml:10", Clocks: sealed.Clocks{Monotonic: -1, Boottime: 86400e9}, Hostname: "mapped", At: "mapped.toml:7",
	}
	p.Mounts = []sealed.Mount{
		{Kind: sealed.Proc, Target: "/proc", Writable: true, PIDOnly: true, At: "mapped.toml:12"},
		{Kind: sealed.Bind, Target: "/srv/data", Source: "/srv/data", Recursive: true, Writable: true, IDMap: true, At: "mapped.toml:13"},
		{Kind: sealed.Tmpfs, Target: "/tmp", Mode: 0o700, UID: 5, GID: 65534, Size: 4096, Inodes: 16, Writable: true, At: "mapped.toml:14"},
	}
	const bind = 1 << unix.CAP_NET_BIND_SERVICE
	p.Caps = sealed.Capabilities{Keep: bind, Ambient: bind, At: "mapped.toml:16"}
	return p
}

// shared shares with the host all that a policy can, and runs as root with a capability.
func shared() *sealed.Policy {
	p := minimal()
	p.Service, p.Exec.UID, p.Exec.GID = "shared", 0, 0
	p.Root.Writable = true
	p.Namespaces = sealed.Namespaces{New: unix.CLONE_NEWNS | unix.CLONE_NEWPID, At: "shared.toml:4"}
	p.Mounts = []sealed.Mount{{Kind: sealed.Proc, Target: "/proc", At: "shared.toml:6"}}
	p.Caps = sealed.Capabilities{Keep: 1 << unix.CAP_SYS_TIME, Ambient: 1 << unix.CAP_SYS_TIME, At: "shared.toml:8"}
	return p
}

// Each of them is a policy that a sealed file could hold.
func TestPoliciesOfTheTestsAreValid(t *testing.T) {
	for _, p := range []*sealed.Policy{minimal(), full(), hostRoot(), shared(), managed(), mapped()} {
		if err := sealed.Validate(p); err != nil {
			t.Errorf("%s: %v", p.Service, err)
		}
	}
}
