package compile

import (
	"bytes"
	"strings"
	"testing"

	"casemate/internal/sealed"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// equal demands that part of a sealed policy is exactly this.
func equal(t *testing.T, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// The defaults are the strictest that runs.
func TestDefaults(t *testing.T) {
	p := good(t, "")
	equal(t, p.Exec, sealed.Exec{
		Argv: []string{"/bin/x"}, Env: []string{"PATH=" + defaultPath}, Cwd: "/", UID: nobody, GID: nobody, Umask: 0o027,
		Rlimits: []sealed.Rlimit{{Resource: 4, At: "default"}, {Resource: 7, Soft: 1024, Hard: 4096, At: "default"}},
		At:      "p.toml:3",
	})
	equal(t, p.Namespaces, sealed.Namespaces{
		New:      unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWCGROUP,
		Hostname: "x", At: "default",
	})
	equal(t, p.Root, sealed.Root{At: "default"})
	equal(t, p.Mounts, []sealed.Mount{
		{Kind: sealed.Dev, Target: "/dev", Devices: true, Size: 16 << 10, Inodes: 64, At: "default"},
		{Kind: sealed.Proc, Target: "/proc", Writable: true, At: "default"},
	})
	equal(t, p.Caps, sealed.Capabilities{At: "default"})
	equal(t, p.LSM, sealed.LSM{Landlock: p.LSM.Landlock}) // TestLandlockIsOn
	equal(t, p.Limits, []sealed.Limit(nil))
	equal(t, p.Signals, sealed.Signals{Stop: 15, Grace: 80_000})
	if len(p.Filters) != 1 || p.Filters[0].Arch != sealed.ArchAMD64 {
		t.Error(p.Filters)
	}
}

func TestExec(t *testing.T) {
	p := good(t, `
[exec.env]
B = ""
A = "1=2"
PATH = "/bin"
LD_LIBRARY_PATH = "/opt/lib"
[exec.rlimits]
memlock = "64K:1M"
core = "unlimited"
nofile = "2048"
`[1:])
	equal(t, p.Exec.Env, []string{"A=1=2", "B=", "LD_LIBRARY_PATH=/opt/lib", "PATH=/bin"})
	equal(t, p.Exec.Rlimits, []sealed.Rlimit{
		{Resource: 4, Soft: unlimited, Hard: unlimited, At: "p.toml:12"},
		{Resource: 7, Soft: 2048, Hard: 2048, At: "p.toml:13"},
		{Resource: 8, Soft: 64 << 10, Hard: 1 << 20, At: "p.toml:11"},
	})
	p = good(t, "exec.cwd = \"/srv\"\nexec.umask = \"077\"\nexec.oom_score_adj = -500\nexec.tty = false\n")
	if p.Exec.Cwd != "/srv" || p.Exec.Umask != 0o077 || !p.Exec.SetOOM || p.Exec.OOMScore != -500 {
		t.Errorf("%+v", p.Exec)
	}
}

func TestUsers(t *testing.T) {
	for _, c := range []struct {
		text     string
		uid, gid uint32
		groups   []uint32
	}{
		{"", nobody, nobody, nil},
		{`exec.user = "www"`, 33, 34, nil},
		{"exec.user = \"www\"\nexec.group = \"adm\"", 33, 4, nil},
		{"exec.user = \"4294967294\"\nexec.group = \"7\"", 4294967294, 7, nil},
		{`exec.group = "www"`, nobody, 34, nil},
		{"exec.user = \"www\"\nexec.groups = [\"adm\", \"12\", \"4\"]", 33, 34, []uint32{4, 12}},
		{"exec.user = \"root\"\n[why]\n\"exec.user\" = \"it mounts the disks\"", 0, 0, nil},
	} {
		p := good(t, c.text)
		if p.Exec.UID != c.uid || p.Exec.GID != c.gid {
			t.Errorf("%s: %d:%d", c.text, p.Exec.UID, p.Exec.GID)
		}
		equal(t, p.Exec.Groups, c.groups)
	}
}

// Only a policy that names users depends on the files of the build host.
func TestUserInputs(t *testing.T) {
	for text, want := range map[string]string{
		"exec.user = \"33\"\nexec.group = \"33\"": "",
		`exec.user = "www"`:                       "users of passwd",
		`exec.group = "www"`:                      "groups of group",
	} {
		got := ""
		for _, in := range good(t, text).Inputs {
			if in.Kind == "passwd" {
				got += in.Name
			}
		}
		if got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}

func TestMounts(t *testing.T) {
	p := good(t, `
[mounts]
sysfs = true
cgroup = true
mqueue = true
shm = "64M"
bind = [
  { from = "/srv/data", at = "/data", writable = true },
  { from = "/usr", exec = true, recursive = true },
  { from = "/run/db.sock", at = "/data/db.sock", type = "socket" },
  { from = "./conf", at = "/etc/conf", type = "file" },
]
tmpfs = [
  { at = "/tmp", size = "1G", mode = "1777" },
  { at = "/dev/x", size = "8K", inodes = 99, exec = true },
]
[why]
"mounts./dev/x" = "a compiler writes programs there"
`[1:])
	dir := p.Mounts[6].Source
	if !strings.HasSuffix(dir, "/conf") || dir[0] != '/' {
		t.Errorf("beside the policy: %q", dir)
	}
	equal(t, p.Mounts, []sealed.Mount{
		{Kind: sealed.Bind, Target: "/data", Source: "/srv/data", Writable: true, At: "p.toml:11"},
		{Kind: sealed.Bind, Target: "/data/db.sock", Source: "/run/db.sock", Type: sealed.Socket, At: "p.toml:13"},
		{Kind: sealed.Dev, Target: "/dev", Devices: true, Size: 16 << 10, Inodes: 64, At: "default"},
		{Kind: sealed.Mqueue, Target: "/dev/mqueue", Writable: true, At: "p.toml:8"},
		{Kind: sealed.Tmpfs, Target: "/dev/shm", Writable: true, Size: 64 << 20, Inodes: 16384, Mode: 0o1777, At: "p.toml:9"},
		{Kind: sealed.Tmpfs, Target: "/dev/x", Writable: true, Exec: true, Size: 8 << 10, Inodes: 99, Mode: 0o700, UID: nobody, GID: nobody, At: "p.toml:18"},
		{Kind: sealed.Bind, Target: "/etc/conf", Source: dir, Type: sealed.RegularFile, At: "p.toml:14"},
		{Kind: sealed.Proc, Target: "/proc", Writable: true, At: "default"},
		{Kind: sealed.Sysfs, Target: "/sys", At: "p.toml:6"},
		{Kind: sealed.Cgroup2, Target: "/sys/fs/cgroup", At: "p.toml:7"},
		{Kind: sealed.Tmpfs, Target: "/tmp", Writable: true, Size: 1 << 30, Inodes: 65536, Mode: 0o1777, UID: nobody, GID: nobody, At: "p.toml:17"},
		{Kind: sealed.Bind, Target: "/usr", Source: "/usr", Exec: true, Recursive: true, At: "p.toml:12"},
	})
	equal(t, len(good(t, "mounts.proc = \"none\"\nmounts.dev = \"none\"").Mounts), 0)
}

// A mount sorts behind what it lies in, whatever characters its name has.
func TestMountOrder(t *testing.T) {
	p := good(t, `mounts.tmpfs = [{ at = "/a/b" }, { at = "/a-b" }, { at = "/a" }]`)
	var got []string
	for _, m := range p.Mounts {
		got = append(got, m.Target)
	}
	equal(t, got, []string{"/a", "/a/b", "/a-b", "/dev", "/proc"})
}

func TestRoot(t *testing.T) {
	p := good(t, "[root]\npath = \"/srv/root\"\nwritable = true\n[why]\n\"root.writable\" = \"a build server's own tree\"\n")
	equal(t, p.Root, sealed.Root{Path: "/srv/root", Writable: true, At: "p.toml:5"})
	p = good(t, "root.image = { file = \"/srv/a.erofs\" }\n")
	equal(t, p.Root, sealed.Root{Image: sealed.Image{File: "/srv/a.erofs"}, At: "p.toml:5"})
	p = good(t, "root.image = { file = \"/srv/a.erofs\", verity = \"/srv/a.verity\", root_hash = \""+strings.Repeat("1F", 32)+"\" }\n")
	equal(t, p.Root.Image, sealed.Image{File: "/srv/a.erofs", Verity: "/srv/a.verity", Hash: [32]byte(bytes.Repeat([]byte{0x1f}, 32))})
	p = good(t, "root.symlinks = { \"/lib\" = \"usr/lib\", \"/bin\" = \"/usr/bin\" }\n")
	equal(t, p.Root.Symlinks, []sealed.Symlink{
		{Path: "/bin", Target: "/usr/bin", At: "p.toml:5"}, {Path: "/lib", Target: "usr/lib", At: "p.toml:5"},
	})
}

func TestMasks(t *testing.T) {
	p := good(t, `
mounts.bind = [{ from = "/etc/app" }]
masks.mask = ["/etc/app/keys/", "/proc/sys/", "/etc/app/secret"]
masks.readonly = ["/proc/bus/"]
masks.unmask = ["/proc/config.gz", "/proc/fs"]
[why]
"masks./proc/config.gz" = "it reports kernel options"
"masks./proc/fs" = "it tunes ext4 of its own volume"
`[1:])
	has := func(list []sealed.Path, want sealed.Path) bool {
		for _, m := range list {
			if m.Path == want.Path {
				return m == want
			}
		}
		return want.At == ""
	}
	for _, want := range []sealed.Path{
		{Path: "/etc/app/keys", Type: sealed.Directory, At: "p.toml:6"},
		{Path: "/etc/app/secret", Type: sealed.RegularFile, At: "p.toml:6"},
		{Path: "/proc/sys", Type: sealed.Directory, At: "p.toml:6"},
		{Path: "/proc/kcore", Default: true, At: "default"},
		{Path: "/proc/config.gz"},
		{Path: "/sys/firmware"}, // no sysfs, nothing to mask
	} {
		if !has(p.Masks, want) {
			t.Errorf("masks: %+v", want)
		}
	}
	for _, want := range []sealed.Path{
		{Path: "/proc/bus", Type: sealed.Directory, At: "p.toml:7"},
		{Path: "/proc/irq", Default: true, At: "default"},
		{Path: "/proc/sys"}, // masked as a whole
		{Path: "/proc/fs"},
	} {
		if !has(p.ReadOnly, want) {
			t.Errorf("readonly: %+v", want)
		}
	}
	if p := good(t, `mounts.proc = "none"`); len(p.Masks)+len(p.ReadOnly) != 0 {
		t.Error(p.Masks, p.ReadOnly)
	}
	if p := good(t, `mounts.sysfs = true`); !has(p.Masks, sealed.Path{Path: "/sys/firmware", Default: true, At: "default"}) {
		t.Error(p.Masks)
	}
}
