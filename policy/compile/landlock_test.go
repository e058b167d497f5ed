package compile

import (
	"strconv"
	"strings"
	"testing"

	"casemate/internal/sealed"
	"casemate/policy/beneath"
)

const (
	write = sealed.FileWrite | sealed.FileTruncate | sealed.FileRefer | sealed.DirRemove | sealed.FileRemove |
		sealed.MakeDir | sealed.MakeReg | sealed.MakeSock | sealed.MakeFifo | sealed.MakeSym
	proc = sealed.FileWrite | sealed.FileTruncate
)

// rules are those of a policy, without the ones that every /dev and /proc brings.
func rules(t *testing.T, text string) map[string]string {
	t.Helper()
	p := good(t, text)
	m := map[string]string{}
	for _, b := range p.LSM.Landlock.Beneath {
		if !strings.HasPrefix(b.Path, "/dev/") && b.Path != "/dev" && b.Path != "/proc" {
			m[b.Path] = beneath.Words(b.Allow)
		}
	}
	return m
}

// By default everything is read, and the rest is as the mounts allow.
func TestLandlockIsOn(t *testing.T) {
	p := good(t, "")
	equal(t, p.LSM.Landlock, sealed.Landlock{
		Files: sealed.FileRights, Scoped: sealed.ScopeRights, At: "default",
		Beneath: []sealed.Beneath{
			{Path: "/", Allow: beneath.Read, At: "default"}, {Path: "/dev", Allow: sealed.FileWrite, At: "default"},
			{Path: "/dev/pts", Allow: sealed.FileIoctl, At: "default"}, {Path: "/dev/tty", Type: sealed.RegularFile, Allow: sealed.FileIoctl, At: "default"},
			{Path: "/proc", Allow: proc, At: "default"},
		},
	})
	equal(t, good(t, "lsm.landlock = {}").LSM.Landlock.Beneath, p.LSM.Landlock.Beneath)
	if !beneath.Follow(p) {
		t.Error("the rules are not those of the mounts")
	}
}

func TestLandlockOfMounts(t *testing.T) {
	equal(t, rules(t, `mounts.sysfs = true
mounts.cgroup = true
mounts.bind = [{ from = "/usr", exec = true }, { from = "/etc/x", type = "file" }, { from = "/srv", writable = true }, { from = "/srv/ro" }, { from = "/run/x.sock", type = "socket", writable = true }, { from = "/var/x", type = "file", writable = true }, { from = "/opt/tool", type = "file", exec = true }]
mounts.tmpfs = [{ at = "/run/x" }, { at = "/run/code", exec = true }]
[why]
"mounts./run/code" = "this is only a test"
`), map[string]string{
		"/": "read", "/usr": "execute", "/srv": "write", "/var/x": "write_file, truncate", "/opt/tool": "execute", "/run/x": "write", "/run/code": "write, execute",
	})
	// A root of the host is executed from; a writable one is written.
	equal(t, rules(t, "root.path = \"/opt/x\"\nroot.writable = true\nmounts.tmpfs = [{ at = \"/tmp\" }]\n[why]\n\"root.path\" = \"this is only a test\"\n\"root.writable\" = \"this is only a test\""),
		map[string]string{"/": "read, write, execute"})
	// Nodes are made by whom the capability lets.
	equal(t, rules(t, "mounts.tmpfs = [{ at = \"/tmp\" }]\ncapabilities.keep = [\"MKNOD\"]\n[why]\n\"capabilities.MKNOD\" = \"this is only a test\""),
		map[string]string{"/": "read", "/tmp": "write, make_char, make_block"})
	// Devices of the policy take ioctl(2), the others of /dev do not.
	p := good(t, "cgroup.devices = [{ at = \"/dev/fuse\", device = \"c 10:229\" }]\n[why]\n\"cgroup.devices./dev/fuse\" = \"this is only a test\"")
	equal(t, beneath.At(&p.LSM.Landlock, "/dev/fuse"), beneath.Read|sealed.FileWrite|sealed.FileIoctl)
	equal(t, beneath.At(&p.LSM.Landlock, "/dev/null"), beneath.Read|sealed.FileWrite)
}

const tree = "mounts.bind = [{ from = \"/usr\", exec = true }, { from = \"/etc\" }, { from = \"/srv\", writable = true }, { from = \"/run/one\", type = \"file\" }]\nmounts.tmpfs = [{ at = \"/tmp\" }]\n"

// A list takes the place of what the mounts would say in its respect, and in no other.
func TestLandlockLists(t *testing.T) {
	for name, c := range map[string]struct {
		list string
		want map[string]string
		abi  uint8
	}{
		"ro":    {`ro = ["/etc/x/", "/etc/y", "/run/one"]`, map[string]string{"/etc/x": "read", "/etc/y": "read_file", "/run/one": "read_file", "/usr": "read, execute", "/srv": "read, write", "/tmp": "read, write"}, 3},
		"rw":    {`rw = ["/srv/a/"]`, map[string]string{"/": "read", "/srv/a": "write", "/usr": "execute"}, 3},
		"exec":  {`exec = ["/usr/bin/x", "/usr/lib/"]`, map[string]string{"/": "read", "/usr/bin/x": "execute", "/usr/lib": "execute", "/srv": "write", "/tmp": "write"}, 2},
		"all":   {`ro = [], rw = ["/tmp"], exec = ["/usr/bin/"]`, map[string]string{"/tmp": "read, write", "/usr/bin": "read, execute"}, 3},
		"none":  {`rw = [], exec = []`, map[string]string{"/": "read"}, 3},
		"above": {`ro = ["/"]`, map[string]string{"/": "read", "/usr": "execute", "/srv": "write", "/tmp": "write"}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			text := tree + "lsm.landlock = { " + c.list + " }"
			equal(t, rules(t, text), c.want)
			p := good(t, text)
			equal(t, p.LSM.Landlock.MinABI, c.abi)
			// What the kernel's own file systems are mounted for stays.
			equal(t, beneath.At(&p.LSM.Landlock, "/dev/null"), beneath.Read|sealed.FileWrite)
			equal(t, beneath.At(&p.LSM.Landlock, "/proc/self/comm"), beneath.Read|proc)
		})
	}
}

func TestLandlockPorts(t *testing.T) {
	l := good(t, "lsm.landlock = { bind = [443, 80, 0, 443], connect = [443] }").LSM.Landlock
	equal(t, l.Ports, []sealed.Port{{Number: 0, Allow: sealed.PortBind, At: "p.toml:5"}, {Number: 80, Allow: sealed.PortBind, At: "p.toml:5"}, {Number: 443, Allow: sealed.PortRights, At: "p.toml:5"}})
	if l.Net != sealed.PortRights || l.MinABI != 4 {
		t.Errorf("%+v", l)
	}
	if l = good(t, "lsm.landlock = { connect = [] }").LSM.Landlock; l.Net != sealed.PortConnect || l.Ports != nil || l.MinABI != 4 {
		t.Errorf("%+v", l)
	}
	if l = good(t, "lsm.landlock = { connect = [], min_abi = 0 }").LSM.Landlock; l.MinABI != 0 {
		t.Errorf("%+v", l)
	}
}

func TestLandlockScopes(t *testing.T) {
	text := "network.mode = \"host\"\nlsm.landlock = { abstract = true, log = true, min_abi = 7 }\n[why]\n\"namespaces.net\" = \"this is only a test\"\n\"lsm.landlock.abstract\" = \"this is only a test\""
	if l := good(t, text).LSM.Landlock; l.Scoped != sealed.ScopeSignals || !l.Log || l.MinABI != 7 {
		t.Errorf("%+v", l)
	}
}

func TestLandlockOff(t *testing.T) {
	equal(t, good(t, "lsm.landlock.off = true\n[why]\n\"lsm.landlock.off\" = \"this is only a test\"").LSM.Landlock, sealed.Landlock{At: "p.toml:5"})
	equal(t, good(t, "lsm.landlock.off = false").LSM.Landlock.Files, uint64(sealed.FileRights))
}

// Landlock forbids to mount, so a policy that allows it has no rules for files.
func TestLandlockBesideMount(t *testing.T) {
	for _, call := range mountCalls {
		l := good(t, "seccomp.allow = [\""+call+"\"]\n[why]\n\"seccomp."+call+"\" = \"this is only a test\"").LSM.Landlock
		if l.Files != 0 || l.Beneath != nil || l.Scoped != sealed.ScopeRights {
			t.Errorf("%s: %+v", call, l)
		}
	}
	if l := good(t, "seccomp.kill = [\"mount\"]").LSM.Landlock; l.Files == 0 {
		t.Error("a call that kills is no reason")
	}
}

// What is bound twice is no contradiction where both names have the same rights, where the
// mount holds what the rules would add, or where something else lies over one of them.
func TestLandlockOfTwoNames(t *testing.T) {
	for _, text := range []string{
		"mounts.bind = [{ from = \"/a\", at = \"/d\", writable = true }, { from = \"/a\", at = \"/e\", writable = true }]\nlsm.landlock.rw = [\"/d/x/\", \"/e/x/\"]",
		"mounts.bind = [{ from = \"/a\", at = \"/d\", writable = true }, { from = \"/a\", at = \"/e\" }]\nlsm.landlock.rw = [\"/d/\"]",
		"mounts.bind = [{ from = \"/a\", at = \"/d\", writable = true }, { from = \"/b\", at = \"/e\", writable = true }]\nlsm.landlock.rw = [\"/d/\"]",
		"mounts.bind = [{ from = \"/a\", at = \"/d\", writable = true }, { from = \"/a\", at = \"/e\", writable = true }]\nmounts.tmpfs = [{ at = \"/e/x\" }]\nlsm.landlock.rw = [\"/d/x/\", \"/e/x/\"]",
	} {
		good(t, text)
	}
}

func TestRefusedLandlock(t *testing.T) {
	refuseAll(t, map[string][2]string{
		"relative":     {`lsm.landlock = { rw = ["x"] }`, `p.toml:5:24: the path is not absolute: "x"; hint: begin it with a slash`},
		"nowhere":      {`lsm.landlock.ro = ["/srv"]`, `p.toml:5:20: no mount has this path in it: "/srv"; hint: the root is assembled from [mounts] and holds nothing else`},
		"proc":         {`lsm.landlock.ro = ["/proc/self/"]`, `p.toml:5:20: a file system of the kernel or of the launch: "/proc/self/"; hint: it has the rights that it is mounted for`},
		"read-only":    {tree + `lsm.landlock.rw = ["/etc/x/"]`, `p.toml:7:20: the mount there is read-only: "/etc/x/"; hint: name it under ro, or make the mount writable`},
		"noexec":       {tree + `lsm.landlock.exec = ["/srv/x"]`, `p.toml:7:22: nothing can be executed from the mount there: "/srv/x"; hint: mount it with exec`},
		"root":         {`lsm.landlock.rw = ["/"]`, `p.toml:5:20: the mount there is read-only: "/"; hint: name it under ro, or make the mount writable`},
		"link":         {tree + "root.symlinks = { \"/bin\" = \"usr/bin\" }\nlsm.landlock.exec = [\"/bin/x\"]", `p.toml:8:22: the path lies in the symbolic link /bin: "/bin/x"; hint: name what it leads to`},
		"two names":    {"mounts.bind = [{ from = \"/a\", at = \"/d\", writable = true }, { from = \"/a\", at = \"/e\", writable = true }]\nlsm.landlock.rw = [\"/d/x/\"]", `p.toml:6:19: /d/x and /e/x are one path of the host, and Landlock grants there what it grants under either name: "lsm.landlock.rw"; hint: give both the same rights, or bind it once`},
		"nested":       {"mounts.bind = [{ from = \"/a/b\", at = \"/d\", writable = true }, { from = \"/a\", at = \"/e\", writable = true }]\nlsm.landlock.rw = [\"/d/\"]", `p.toml:6:19: /d and /e/b are one path of the host, and Landlock grants there what it grants under either name: "lsm.landlock.rw"; hint: give both the same rights, or bind it once`},
		"of the root":  {"root.path = \"/a\"\nmounts.bind = [{ from = \"/a/b\", at = \"/d\", exec = true }]\nlsm.landlock.exec = [\"/d/\"]", `p.toml:7:21: /d and /b are one path of the host, and Landlock grants there what it grants under either name: "lsm.landlock.exec"; hint: give both the same rights, or bind it once`},
		"ABI 1":        {`lsm.landlock.min_abi = 1`, `p.toml:5:24: ABI 1 forbids every rename between directories and is not used: "1"; hint: 2 is the least: Linux 5.19`},
		"ABI 8":        {`lsm.landlock.min_abi = 8`, `p.toml:5:24: out of range: "8"; hint: the newest ABI that this version of casemate knows is 7, Linux 6.15: demand 2 to 7, which newer kernels have too, or leave the key out`},
		"port":         {`lsm.landlock.bind = [65536]`, `p.toml:5:22: out of range: "65536"; hint: it takes 0 to 65535`},
		"off and more": {"lsm.landlock = { off = true, bind = [80] }\nwhy = { \"lsm.landlock.off\" = \"this is only a test\" }", `p.toml:5:30: Landlock is off: "lsm.landlock.bind"; hint: leave one of the two out`},
		"own network":  {"lsm.landlock.abstract = true", `p.toml:5:25: the network namespace is new, and abstract sockets of others are not in it: "lsm.landlock.abstract"; hint: remove it`},
		"mounting":     {"lsm.landlock.rw = []\nseccomp.allow = [\"mount\"]\nwhy = { \"seccomp.mount\" = \"this is only a test\" }", `p.toml:5:19: Landlock forbids to mount where it looks at files, and the policy allows mount: "lsm.landlock.rw"; hint: leave the list or the call out`},
	})
	for name, c := range map[string][2]string{
		"off":      {"lsm.landlock.off = true", `lsm.landlock.off`},
		"abstract": {"network.mode = \"host\"\nlsm.landlock.abstract = true\nwhy = { \"namespaces.net\" = \"this is only a test\" }", `lsm.landlock.abstract`},
	} {
		t.Run(name+" without a reason", func(t *testing.T) {
			if _, err := fragment(t, c[0]); err == nil || !strings.Contains(err.Error(), `"`+c[1]+`"`) || !strings.Contains(err.Error(), "why") {
				t.Error(err)
			}
		})
	}
	many := func(first int) string {
		var list []string
		for n := range 200 {
			list = append(list, strconv.Itoa(first+n))
		}
		return "[" + strings.Join(list, ", ") + "]"
	}
	refuse(t, "lsm.landlock = { bind = "+many(1000)+", connect = "+many(2000)+" }", `p.toml:5:5: 400 ports; at most 256: "lsm.landlock"`)
}
