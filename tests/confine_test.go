package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"casemate/internal/caps"
)

// report is what the probe prints, tests/probe/report.go.
type report struct {
	PID, PPID, SID, PGID int
	Argv, Env, Root      []string
	Cwd, Hostname        string
	Status               map[string]string
	Caps                 map[string][]string
	Securebits           int
	Keyring              int
	Label                string
	KeyringLabel         string `json:"keyring_label"`
	OOMScore             string `json:"oom_score_adj"`
	Namespaces           map[string]string
	Cgroup               []string
	Limits               map[string][2]string
	Mounts               []string `json:"mountinfo"`
	FDs                  []struct {
		FD     int
		Target string
	}
	Interfaces []map[string]any
	Attempts   []struct{ Name, Result string }
	Errors     map[string]string
}

// confined launches the probe under a policy with more in it and gives its report.
func confined(t *testing.T, more string, attempts ...string) *report {
	t.Helper()
	return reported(t, compiled(t, policy("confined", `"/app/probe"`, more)), attempts...)
}

// reported is the report of the probe that a sealed policy launches.
func reported(t *testing.T, sealed string, attempts ...string) *report {
	t.Helper()
	r := launch(t, sealed, append([]string{"--"}, attempts...)...)
	r.expect(t, 0)
	return decoded(t, r)
}

// decoded is the report that the probe has printed.
func decoded(t *testing.T, r result) *report {
	t.Helper()
	out := new(report)
	if err := json.Unmarshal([]byte(r.stdout), out); err != nil {
		t.Fatalf("%v: %s", err, r)
	}
	return out
}

// attempts sees to it that each had the result, or one of several with a bar between them.
func (r *report) attempts(t *testing.T, want string, names ...string) {
	t.Helper()
	for _, name := range names {
		i := slices.IndexFunc(r.Attempts, func(a struct{ Name, Result string }) bool { return a.Name == name })
		if i < 0 || !slices.Contains(strings.Split(want, "|"), r.Attempts[i].Result) {
			t.Errorf("%s: want %s, got %v", name, want, r.Attempts)
		}
	}
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// mountPoints are the fifth fields of mountinfo, sorted.
func (r *report) mountPoints() []string {
	var points []string
	for _, m := range r.Mounts {
		points = append(points, strings.Fields(m)[4])
	}
	slices.Sort(points)
	return points
}

// The defaults, as the workload sees them from inside.
func TestConfinementByDefault(t *testing.T) {
	needRoot(t)
	host := hostNamespaces(t)
	r := confined(t, "")
	for _, set := range []string{"effective", "permitted", "inheritable", "bounding", "ambient"} {
		if got, ok := r.Caps[set]; !ok || len(got) != 0 {
			t.Errorf("%s set: %v %v", set, got, r.Errors)
		}
	}
	for field, want := range map[string]string{
		"NoNewPrivs": "1", "Seccomp": "2", "Seccomp_filters": "1", "Groups": "", "Umask": "0027",
		"Uid": "65534 65534 65534 65534", "Gid": "65534 65534 65534 65534", "SigBlk": "0000000000000000", "SigIgn": "0000000000000000",
		"CapInh": "0000000000000000", "CapPrm": "0000000000000000", "CapEff": "0000000000000000", "CapBnd": "0000000000000000", "CapAmb": "0000000000000000",
	} {
		equal(t, field, r.Status[field], want)
	}
	equal(t, "securebits", r.Securebits, caps.Securebits)
	for kind, inode := range r.Namespaces {
		shared := kind == "user" || strings.HasPrefix(kind, "time")
		equal(t, kind+" namespace shared", inode == host[kind], shared)
	}
	equal(t, "fds", len(r.FDs), 3)
	for i, fd := range r.FDs {
		equal(t, "fd", fd.FD, i)
	}
	equal(t, "root", r.Root, []string{"app", "dev", "proc"})
	equal(t, "cwd", r.Cwd, "/")
	equal(t, "hostname", r.Hostname, "confined")
	equal(t, "env", r.Env, []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"})
	equal(t, "parent", r.PPID, 1)
	equal(t, "own process group", r.PGID, r.PID)
	equal(t, "core limit", r.Limits["Max core file size"], [2]string{"0", "0"})
	equal(t, "cgroup", slices.Contains(r.Cgroup, "0::/"), true)
	if len(r.Interfaces) != 1 {
		t.Errorf("interfaces: %v", r.Interfaces)
	}
}

// Nothing of the host is mounted, and every mount has its flags.
func TestConfinementOfMounts(t *testing.T) {
	needRoot(t)
	canary := canaryDir(t)
	if err := os.Mkdir(filepath.Join(canary, "ro"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(canary, "ro"), 0o777); err != nil {
		t.Fatal(err)
	}
	r := confined(t, `[mounts]
sysfs = true
cgroup = true
mqueue = true
shm = "1M"
bind = [
  { from = "`+bin+`/app", at = "/app", exec = true },
  { from = "/etc/passwd", type = "file" },
  { from = "`+canary+`", at = "/canary", writable = true },
]
tmpfs = [{ at = "/tmp", size = "1M", mode = "1777" }, { at = "/run/deep/er" }]
[masks]
mask = ["/app/die"]
readonly = ["/canary/ro/"]
`, "write:/x", "write:/dev/x", "write:/app/x", "write:/etc/passwd", "write:/sys/x", "write:/tmp/x", "write:/canary/x", "write:/canary/ro/x", "write:/run/deep/er/x",
		"write:/dev/shm/x", "read:/app/die", "exec:/app/die", "read:/etc/passwd", "mknod", "write:/proc/sys/kernel/hostname", "write:/sys/fs/cgroup/cgroup.procs")
	r.attempts(t, "EROFS", "write:/x", "write:/dev/x", "write:/app/x", "write:/canary/ro/x")
	r.attempts(t, "ok", "write:/tmp/x", "write:/canary/x", "write:/run/deep/er/x", "write:/dev/shm/x", "read:/etc/passwd")
	r.attempts(t, "EACCES", "read:/app/die", "exec:/app/die", "write:/etc/passwd", "write:/sys/fs/cgroup/cgroup.procs")
	for _, m := range r.Mounts {
		f := strings.Fields(m)
		point, options := f[4], ","+f[5]+","
		for _, want := range []string{"nosuid", "nodev", "noexec"} {
			exempt := want == "noexec" && point == "/app" || want == "nodev" && strings.HasPrefix(point, "/dev") && strings.Count(point, "/") < 3 && point != "/dev/shm" && point != "/dev/mqueue"
			if !exempt && !strings.Contains(options, ","+want+",") {
				t.Errorf("%s lacks %s: %s", point, want, m)
			}
		}
		if strings.Contains(m, "shared:") || strings.Contains(m, "master:") {
			t.Errorf("propagates: %s", m)
		}
	}
	for _, want := range []string{"/", "/app", "/app/die", "/canary", "/canary/ro", "/dev", "/dev/mqueue", "/dev/pts", "/dev/shm", "/etc/passwd", "/proc", "/proc/sys", "/run/deep/er", "/sys", "/sys/fs/cgroup", "/tmp"} {
		if !slices.Contains(r.mountPoints(), want) {
			t.Errorf("no mount at %s: %v", want, r.mountPoints())
		}
	}
}

// Every default mask and read-only path of this kernel, even to uid 0.
func TestConfinementOfProc(t *testing.T) {
	needRoot(t)
	more := "[exec]\nargv = [\"/app/probe\"]\nuser = \"0\"\ngroup = \"0\"\n[why]\n\"exec.user\" = \"masks must hold for uid 0 too\"\n" + withSysfs()
	sealed := compiled(t, policy("confined", "", more))
	var masked, readonly, attempts []string
	for path, kind := range defaults(t, sealed, "masked") {
		masked = append(masked, map[string]string{"dir": "list:", "file": "read:"}[kind]+path)
	}
	for path, kind := range defaults(t, sealed, "readonly") {
		if kind == "file" {
			readonly = append(readonly, "write:"+path)
		}
	}
	readonly = append(readonly, "write:/proc/sys/kernel/core_pattern", "write:/proc/sys/vm/overcommit_memory")
	attempts = append(append(attempts, masked...), readonly...)
	if len(masked) < 10 {
		t.Fatalf("only %d masks on this kernel: %v", len(masked), masked)
	}
	r := confined(t, more, attempts...)
	r.attempts(t, "EACCES", masked...)
	r.attempts(t, readOnlyProc(t), readonly...)
}

// readOnlyProc is what writing to a read-only file of procfs says. SELinux comes first.
func readOnlyProc(t *testing.T) string {
	t.Helper()
	if hostHas(t, "selinux") {
		return "EROFS|EACCES"
	}
	return "EROFS"
}

// Powers that a workload without capabilities must not have, whoever refuses.
func TestConfinementOfPowers(t *testing.T) {
	needRoot(t)
	denied := []string{"mount", "remount:/", "umount:/proc", "fsopen:proc", "opentree:/", "chroot", "mknod", "unshare-user", "clone-user",
		"unshare-mnt", "unshare-net", "ptrace", "pidfd-getfd", "keyctl", "setuid:0", "setgid:0", "setgroups:0", "sethostname:x"}
	r := confined(t, "", denied...)
	for _, a := range r.Attempts {
		if a.Result != "EPERM" && a.Result != "ENOSYS" && a.Result != "EACCES" {
			t.Errorf("%s: %s", a.Name, a.Result)
		}
	}
}

// What the policy grants arrives, and no more.
func TestConfinementByPolicy(t *testing.T) {
	needRoot(t)
	host := hostNamespaces(t)
	r := confined(t, `[exec]
argv = ["/app/probe", "read:/a b", "read:/c"]
user = "1234"
group = "2345"
groups = ["7", "8"]
cwd = "/proc"
umask = "077"
oom_score_adj = 321
env = { A = "1", B = "x y", PATH = "/app" }
rlimits = { nofile = "77:88", nproc = "500", stack = "1M:2M" }
[namespaces]
share = ["ipc"]
hostname = "elsewhere"
[network]
mode = "host"
[capabilities]
keep = ["NET_BIND_SERVICE", "KILL"]
ambient = ["KILL"]
[why]
"namespaces.ipc" = "the test wants to see that it arrives"
"namespaces.net" = "the test wants to see that it arrives"
`)
	equal(t, "uid", r.Status["Uid"], "1234 1234 1234 1234")
	equal(t, "gid", r.Status["Gid"], "2345 2345 2345 2345")
	equal(t, "groups", r.Status["Groups"], "7 8")
	equal(t, "bounding", r.Caps["bounding"], []string{"kill", "net_bind_service"})
	for _, set := range []string{"effective", "permitted", "inheritable", "ambient"} {
		equal(t, set, r.Caps[set], []string{"kill"})
	}
	equal(t, "cwd", r.Cwd, "/proc")
	equal(t, "umask", r.Status["Umask"], "0077")
	equal(t, "oom_score_adj", r.OOMScore, "321")
	equal(t, "env", r.Env, []string{"A=1", "B=x y", "PATH=/app"})
	equal(t, "argv", r.Argv, []string{"/app/probe", "read:/a b", "read:/c"})
	equal(t, "nofile hard", r.Limits["Max open files"][1], "88")
	equal(t, "nproc", r.Limits["Max processes"], [2]string{"500", "500"})
	equal(t, "stack", r.Limits["Max stack size"], [2]string{"1048576", "2097152"})
	equal(t, "hostname", r.Hostname, "elsewhere")
	for kind, want := range map[string]bool{"ipc": true, "net": true, "uts": false, "pid": false, "mnt": false, "cgroup": false} {
		equal(t, kind+" shared", r.Namespaces[kind] == host[kind], want)
	}
}

// A root of the host: mount points must exist, nothing is created, symbolic links on
// the way are refused.
func TestConfinementInRootDirectory(t *testing.T) {
	needRoot(t)
	root := canaryDir(t)
	for _, d := range []string{"app", "dev", "proc", "etc"} {
		if err := os.Mkdir(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	more := "[root]\npath = \"" + root + "\"\n"
	r := confined(t, more, "write:/etc/x", "write:/x")
	equal(t, "root", r.Root, []string{"app", "dev", "etc", "proc"})
	r.attempts(t, "EROFS", "write:/etc/x", "write:/x")

	if err := os.Remove(filepath.Join(root, "app")); err != nil {
		t.Fatal(err)
	}
	sealed := compiled(t, policy("confined", `"/app/probe"`, more))
	launch(t, sealed).expect(t, 248, "openat2(root, \"app\"", "no such file", "must exist in the root", "test.toml:")
	if err := os.Symlink("/etc", filepath.Join(root, "app")); err != nil {
		t.Fatal(err)
	}
	launch(t, sealed).expect(t, 248, "openat2(root, \"app\"", "symbolic link", "test.toml:")
	if entries, _ := os.ReadDir(filepath.Join(root, "etc")); len(entries) != 0 {
		t.Errorf("the launch wrote to the root: %v", entries)
	}
}

// hostNamespaces are this test's own.
func hostNamespaces(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir("/proc/self/ns")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		link, err := os.Readlink("/proc/self/ns/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = link
	}
	return all
}

// withSysfs is the [mounts] of the probe with /sys.
func withSysfs() string {
	return "[mounts]\nsysfs = true\nbind = [{ from = \"" + bin + "/app\", at = \"/app\", exec = true }]\n"
}

// What the host has mounted over parts of its own /sys does not hide a default mask
// from the launch: it is the kernel's tree that decides, not the host's mounts.
func TestConfinementDespiteMountsOverHostSysfs(t *testing.T) {
	needRoot(t)
	if err := syscall.Access("/sys/kernel/notes", 0); err != nil {
		t.Skipf("needs /sys/kernel/notes: %v", err)
	}
	sealed := compiled(t, policy("confined", `"/app/probe", "read:/sys/kernel/notes"`, withSysfs()+"[lsm]\n")) // a profile cannot be loaded from there
	// In a mount namespace of its own, so that the host's stays as it is.
	script := "mount -t tmpfs none /sys/kernel && exec \"$0\" run \"$1\""
	r := command(t, "unshare", "-m", "sh", "-c", script, filepath.Join(bin, "casemate-shim"), sealed)
	r.expect(t, 0)
	decoded(t, r).attempts(t, "EACCES", "read:/sys/kernel/notes")
}

// A mask below a read-only path is copied along with it, and so is a mount: what is
// seen twice in mountinfo is as declared both times.
func TestConfinementOfMasksBelowReadOnly(t *testing.T) {
	needRoot(t)
	canary := canaryDir(t)
	if err := os.MkdirAll(filepath.Join(canary, "d", "m"), 0o777); err != nil {
		t.Fatal(err)
	}
	r := confined(t, `[mounts]
bind = [
  { from = "`+bin+`/app", at = "/app", exec = true },
  { from = "`+canary+`", at = "/canary", writable = true },
]
tmpfs = [{ at = "/canary/d/m" }]
[masks]
mask = ["/proc/sys/kernel/core_pattern"]
readonly = ["/canary/d/"]
`, "read:/proc/sys/kernel/core_pattern", "read:/proc/sys/kernel/pid_max", "write:/canary/d/x", "write:/canary/d/m/x", "write:/canary/x")
	r.attempts(t, "EACCES", "read:/proc/sys/kernel/core_pattern")
	r.attempts(t, "EROFS", "write:/canary/d/x", "write:/canary/d/m/x")
	r.attempts(t, "ok", "read:/proc/sys/kernel/pid_max", "write:/canary/x")
}
