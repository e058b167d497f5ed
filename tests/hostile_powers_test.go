package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"casemate/internal/caps"

	"golang.org/x/sys/unix"
)

func itoa(n int) string { return strconv.Itoa(n) }

// copyProbe puts a copy of a workload of ours into a directory of the host.
func copyProbe(t *testing.T, name, path string, mode os.FileMode) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(bin, "app", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // the mode of WriteFile is cut by the umask
		t.Fatal(err)
	}
}

// setFileCaps writes security.capability, version 2: the effective flag, then permitted and
// inheritable (capabilities(7)).
func setFileCaps(t *testing.T, path string, effective bool, permitted, inheritable uint32) {
	t.Helper()
	magic := uint32(0x02000000)
	if effective {
		magic |= 1
	}
	var b []byte
	for _, w := range []uint32{magic, permitted, inheritable, 0, 0} {
		b = append(b, byte(w), byte(w>>8), byte(w>>16), byte(w>>24))
	}
	if err := unix.Setxattr(path, "security.capability", b, 0); err != nil {
		t.Skipf("needs a file system with file capabilities: %v", err)
	}
}

// Set-user-ID programs and file capabilities, permitted or inheritable, give nothing:
// neither from the root nor from a bind (CVE-2022-29162, CVE-2022-27650).
func TestS11S15FilesThatGivePowers(t *testing.T) {
	needRoot(t)
	dir := canaryDir(t)
	const netRaw = 1 << unix.CAP_NET_RAW
	copyProbe(t, "probe", filepath.Join(dir, "setuid"), 0o755|os.ModeSetuid|os.ModeSetgid)
	copyProbe(t, "probe", filepath.Join(dir, "permitted"), 0o755)
	setFileCaps(t, filepath.Join(dir, "permitted"), true, netRaw, 0)
	copyProbe(t, "probe", filepath.Join(dir, "inheritable"), 0o755)
	setFileCaps(t, filepath.Join(dir, "inheritable"), false, 0, netRaw)
	for _, keep := range []string{"", "[capabilities]\nkeep = [\"NET_RAW\"]\nambient = []\n[why]\n\"capabilities.NET_RAW\" = \"a bounding set that a file could use\"\n"} {
		for _, file := range some(t, []string{"setuid", "permitted", "inheritable"}) {
			more := "[exec]\nargv = [\"/b/" + file + "\"]\n[mounts]\nbind = [{ from = \"" + dir + "\", at = \"/b\", exec = true }]\n" + keep
			r := confined(t, more)
			equal(t, file+" uid", r.Status["Uid"], "65534 65534 65534 65534")
			equal(t, file+" gid", r.Status["Gid"], "65534 65534 65534 65534")
			for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapAmb"} {
				equal(t, file+" "+set, r.Status[set], "0000000000000000")
			}
		}
	}
	// In the root itself, too, which may be of a file system that honours them.
	root := canaryDir(t)
	for _, d := range []string{"dev", "proc"} {
		if err := os.Mkdir(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	copyProbe(t, "probe", filepath.Join(root, "setuid"), 0o755|os.ModeSetuid)
	r := confined(t, "[root]\npath = \""+root+"\"\n[exec]\nargv = [\"/setuid\"]\n[mounts]\n")
	equal(t, "uid of a root's program", r.Status["Uid"], "65534 65534 65534 65534")
}

// A shim whose bounding set lacks what the policy keeps says which, and starts nothing; one
// that lacks what the launch needs, the same. Nothing is skipped for want of a right.
func TestS13ShimWithoutACapability(t *testing.T) {
	needRoot(t)
	if _, err := exec.LookPath("setpriv"); err != nil {
		t.Skip("needs setpriv, of util-linux")
	}
	sealed := compiled(t, policy("partial", `"/app/probe", "exit", "9"`, "[capabilities]\nkeep = [\"NET_BIND_SERVICE\"]\n"))
	launch(t, sealed).expect(t, 9)
	for _, lack := range some(t, []string{"net_bind_service", "sys_admin", "setpcap", "setuid"}) {
		r := command(t, "setpriv", "--bounding-set=-"+lack, "--inh-caps=-"+lack, filepath.Join(bin, "casemate-shim"), "run", sealed)
		r.expect(t, 247, strings.ToUpper(lack))
	}
}

// A bounding set that names every capability of a newer kernel drops those that nobody
// listed: what is kept is what the policy says, up to the kernel's last.
func TestS13CapabilitiesAboveOurs(t *testing.T) {
	needRoot(t)
	r := confined(t, "[capabilities]\nkeep = [\"KILL\"]\n")
	equal(t, "bounding set", r.Status["CapBnd"], "0000000000000020")
}

// Securebits stay locked: no call of uid 0 inside brings capabilities back.
func TestS16SecurebitsHold(t *testing.T) {
	needRoot(t)
	more := `[exec]
argv = ["/app/probe"]
user = "0"
group = "0"
[capabilities]
keep = ["SETPCAP", "SETUID", "SETGID", "KILL"]
ambient = ["KILL"]
[seccomp]
allow = ["@default", "@io", "@file-read", "@file-write", "@process", "@signals", "@threads", "@memory", "@time", "@sched", "capget", "capset", "prctl", "setuid", "setresuid"]
[why]
"exec.user" = "the attack needs root"
"capabilities.SETPCAP" = "the attack needs it"
"capabilities.SETUID" = "the attack needs it"
"capabilities.SETGID" = "the attack needs it"
`
	attempts := []string{"securebits:0", "keepcaps:1", "ambient:6", "ambient:21", "cap:sys_admin", "setuid:0", "execve-caps:/app/probe"}
	r := confined(t, more, attempts...)
	equal(t, "securebits", r.Securebits, caps.Securebits)
	r.attempts(t, "EPERM", "securebits:0", "keepcaps:1", "ambient:6", "ambient:21", "cap:sys_admin")
	r.attempts(t, "ok", "setuid:0")
	// 1 << CAP_KILL: the ambient set, and nothing of root's.
	r.attempts(t, "0000000000000020", "execve-caps:/app/probe")
}

// A workload that may mount (SYS_ADMIN, and a filter that lets it) still cannot reach what
// masks and read-only mounts cover without taking them away, which the audit says of such
// a policy; one without undoes nothing.
func TestS26UndoingMounts(t *testing.T) {
	needRoot(t)
	attempts := []string{"umount:/proc/kcore", "umount:/proc/sys", "umount:/proc", "umount:/app", "remount:/", "remount:/app", "remount:/proc/sys", "mount",
		"opentree:/proc", "fsopen:proc", "fsopen:tmpfs", "chroot", "setattr:/", "setattr:/app", "pivot", "unshare-mnt", "clone-user", "unshare-user"}
	r := confined(t, "", attempts...)
	for _, a := range r.Attempts {
		if a.Result != "EPERM" && a.Result != "ENOSYS" {
			t.Errorf("%s: %s", a.Name, a.Result)
		}
	}
	// With every capability the filter alone denies.
	text := almighty(t, "probe")
	for _, a := range reported(t, compiled(t, text), attempts...).Attempts {
		if a.Result != "EPERM" && a.Result != "ENOSYS" {
			t.Errorf("with every capability: %s: %s", a.Name, a.Result)
		}
	}
}

// Nothing leads back to the old root: not "..", not init's root, no path of the host in the
// mounts but those that the policy binds.
func TestS28NothingLeftOfTheOldRoot(t *testing.T) {
	needRoot(t)
	r := confined(t, "", "list:/proc/1/root", "list:/..", "read:/../etc/passwd", "list:/.oldroot", "list:/oldroot", "list:/put_old")
	r.attempts(t, "EACCES", "list:/proc/1/root")
	r.attempts(t, "ok", "list:/..")
	r.attempts(t, "ENOENT", "read:/../etc/passwd", "list:/.oldroot", "list:/oldroot", "list:/put_old")
	for _, m := range r.Mounts {
		f := strings.Fields(m)
		// The fourth field is the mount's root within its file system: "/" of a file
		// system that the launch made, or what it bound.
		if root := f[3]; root != "/" && !strings.HasSuffix(filepath.Join(bin, "app"), root) && f[4] != "/proc/"+filepath.Base(root) && !strings.HasPrefix(f[4], "/proc/") {
			t.Errorf("%s shows %s", f[4], root)
		}
	}
}

// Device nodes cannot be made without MKNOD nor by a filter that does not let it; those
// that a bind brings along cannot be opened; /dev is what the policy says.
func TestS31NodesOfVolumes(t *testing.T) {
	needRoot(t)
	dir := canaryDir(t)
	for name, dev := range map[string]uint64{"mem": unix.Mkdev(1, 1), "null": unix.Mkdev(1, 3), "fuse": unix.Mkdev(10, 229)} {
		if err := unix.Mknod(filepath.Join(dir, name), unix.S_IFCHR|0o666, int(dev)); err != nil {
			t.Skipf("needs device nodes: %v", err)
		}
		if err := os.Chmod(filepath.Join(dir, name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	r := confined(t, `[mounts]
bind = [{ from = "`+bin+`/app", at = "/app", exec = true }, { from = "`+dir+`", at = "/v", writable = true }]
`, "read:/v/mem", "write:/v/mem", "read:/v/null", "write:/v/null", "read:/v/fuse", "mknod:/v/x", "mknod:/dev/x")
	r.attempts(t, "EACCES", "read:/v/mem", "write:/v/mem", "read:/v/null", "write:/v/null", "read:/v/fuse")
	r.attempts(t, "EPERM", "mknod:/v/x", "mknod:/dev/x")
}

// Every namespace is another one than the host's; objects of IPC are not the host's.
func TestS44NamespacesAreNew(t *testing.T) {
	needRoot(t)
	host := hostNamespaces(t)
	r := confined(t, "[mounts]\nmqueue = true\nshm = \"1M\"\nbind = [{ from = \""+bin+"/app\", at = \"/app\", exec = true }]\n", "list:/dev/shm", "list:/dev/mqueue")
	for _, kind := range []string{"cgroup", "ipc", "mnt", "net", "pid", "uts"} {
		if r.Namespaces[kind] == "" || r.Namespaces[kind] == host[kind] {
			t.Errorf("%s: %q, the host's is %q", kind, r.Namespaces[kind], host[kind])
		}
	}
	r.attempts(t, "empty", "list:/dev/shm", "list:/dev/mqueue")
}

// No keyring of the host: the session's is new and empty, and the calls are denied.
func TestS46Keyrings(t *testing.T) {
	needRoot(t)
	r := confined(t, "", "keyctl")
	r.attempts(t, "EPERM", "keyctl")
	own, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, false)
	if err == nil && r.Keyring == own {
		t.Errorf("the session keyring is the host's: %#x", own)
	}
	// Where a policy allows the call: the keyring that the workload has is not one that
	// the host's processes possess, and it holds nothing.
	sealed := compiled(t, policy("keys", `"/app/probe"`, `[seccomp]
allow = ["@default", "@io", "@file-read", "@file-write", "@process", "@signals", "@threads", "@memory", "@time", "@sched", "capget", "keyctl"]
[why]
"seccomp.keyctl" = "the test looks at the keyring from inside"
`))
	k := launch(t, sealed)
	k.expect(t, 0)
	id, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, true)
	if err != nil {
		t.Skipf("needs keyrings: %v", err)
	}
	if strings.Contains(k.stdout, `"keyring": `+itoa(id)+",") {
		t.Errorf("the session keyring is the host's: %s", k)
	}
}

// The clocks of the host cannot be set, nor an offset written.
func TestS59Clocks(t *testing.T) {
	needRoot(t)
	needAMD64(t)
	// With every capability: a name space that a process is in already takes no offset.
	r := reported(t, compiled(t, almighty(t, "probe")), "put:/proc/self/timens_offsets=monotonic 5 0")
	r.attempts(t, "EACCES|EPERM", "put:/proc/self/timens_offsets=monotonic 5 0") // EPERM: SELinux, of the capability
	wants := map[string]string{}
	for _, nr := range []int{unix.SYS_CLOCK_SETTIME, unix.SYS_SETTIMEOFDAY, unix.SYS_ADJTIMEX, unix.SYS_CLOCK_ADJTIME} {
		wants[fmt.Sprintf("call %d 0 0", nr)] = "errno 1"
	}
	wantRaw(t, compiled(t, almighty(t, "raw")), wants)
}

// A workload that dies by a signal leaves no core, whatever the host's core_pattern says, and
// init's dumpability cannot be seen or set from inside.
func TestS58NoCore(t *testing.T) {
	needRoot(t)
	dir := canaryDir(t)
	p := policy("core", "", `[exec]
argv = ["/app/probe", "die", "SIGSEGV"]
cwd = "/v"
[mounts]
bind = [{ from = "`+bin+`/app", at = "/app", exec = true }, { from = "`+dir+`", at = "/v", writable = true }]
`)
	launch(t, compiled(t, p)).expect(t, 128+int(syscall.SIGSEGV))
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	r := confined(t, "", "read:/proc/1/coredump_filter", "write:/proc/1/coredump_filter", "write:/proc/1/oom_score_adj")
	r.attempts(t, "EACCES", "write:/proc/1/coredump_filter", "write:/proc/1/oom_score_adj")
	equal(t, "core limit", r.Limits["Max core file size"], [2]string{"0", "0"})
}
