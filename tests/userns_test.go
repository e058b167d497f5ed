package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// rootInside is a policy whose uid 0 is 100000 of the host, and gid 0 is 200000.
const rootInside = `[exec]
argv = ["/app/probe"]
user = "0"
group = "0"
groups = ["5", "9"]
[namespaces]
user = { uid = ["0 100000 65536"], gid = ["0 200000 65536"] }
`

// needUserNamespaces skips where the kernel or its administrator gives none.
func needUserNamespaces(t *testing.T) {
	t.Helper()
	needRoot(t)
	if b, err := os.ReadFile("/proc/sys/user/max_user_namespaces"); err != nil || strings.TrimSpace(string(b)) == "0" {
		t.Skip("needs user namespaces: CONFIG_USER_NS, and user.max_user_namespaces above 0")
	}
}

// Root inside, nobody outside: what the workload is, to itself and to the host.
func TestS45UserNamespace(t *testing.T) {
	needUserNamespaces(t)
	host := hostNamespaces(t)
	r := confined(t, rootInside+`[mounts]
bind = [{ from = "`+bin+`/app", at = "/app", exec = true }, { from = "`+secretDir(t)+`", at = "/secret" }]
tmpfs = [{ at = "/tmp" }]
mqueue = true
shm = "1M"
sysfs = true
cgroup = true
[seccomp]
allow = ["@default", "@io", "@file-read", "@file-write", "@process", "@signals", "@threads", "@memory", "@time", "@sched", "@net-server", "capget"]
`, "owner:/tmp", "write:/tmp/x", "owner:/app", "owner:/dev/null", "write:/dev/null", "write:/dev/shm/x", "read:/secret/key", "mount", "mknod:/tmp/n",
		"unshare-user", "clone-user", "setuid:1", "uid-map", "setns:/proc/1/ns/mnt", "owner:/proc/self/status", "sethostname:x", "bind:80")
	equal(t, "uid", r.Status["Uid"], "0 0 0 0")
	equal(t, "gid", r.Status["Gid"], "0 0 0 0")
	equal(t, "groups", r.Status["Groups"], "5 9")
	for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"} {
		equal(t, set, r.Status[set], "0000000000000000")
	}
	for _, kind := range []string{"user", "net", "ipc", "uts", "pid", "mnt", "cgroup"} {
		equal(t, kind+" namespace is the host's", r.Namespaces[kind] == host[kind], false)
	}
	equal(t, "time namespace is the host's", r.Namespaces["time"] == host["time"], true)
	r.attempts(t, "0:0", "owner:/tmp", "owner:/proc/self/status")
	r.attempts(t, "65534:65534", "owner:/app", "owner:/dev/null")
	r.attempts(t, "ok", "write:/tmp/x", "write:/dev/null", "write:/dev/shm/x")
	r.attempts(t, "EACCES", "read:/secret/key") // root's, mode 0600
	r.denied(t, "mount", "mknod:/tmp/n", "unshare-user", "clone-user", "setuid:1", "sethostname:x", "uid-map", "setns:/proc/1/ns/mnt")
	r.attempts(t, "EACCES", "bind:80")
}

// secretDir is a directory with a file that the host's root alone can read.
func secretDir(t *testing.T) string {
	t.Helper()
	dir := canaryDir(t)
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A capability counts in the namespaces that belong to the user namespace, and nowhere else.
func TestS12S45CapabilitiesOfAUserNamespace(t *testing.T) {
	needUserNamespaces(t)
	all := `"CHOWN", "DAC_OVERRIDE", "NET_BIND_SERVICE", "NET_ADMIN", "SYS_ADMIN", "MKNOD", "SETUID", "SETGID", "SYS_TIME", "SYS_CHROOT"`
	why := "[why]\n"
	for _, c := range []string{"DAC_OVERRIDE", "NET_ADMIN", "SYS_ADMIN", "MKNOD", "SETUID", "SETGID", "SYS_TIME", "SYS_CHROOT", "CHOWN"} {
		why += fmt.Sprintf("\"capabilities.%s\" = \"what it opens in a user namespace is tested\"\n", c)
	}
	seccomp := `[seccomp]
allow = ["@default", "@io", "@file-read", "@file-write", "@process", "@signals", "@threads", "@memory", "@time", "@sched", "@net-server", "capget", "mount", "umount2", "mknod", "mknodat",
  "sethostname", "setns", "unshare", "clock_settime", "adjtimex", "setuid", "setgid", "setgroups", "chown", "lchown", "fchownat", "chroot"]
`
	for _, call := range []string{"mount", "umount2", "setns", "unshare", "clock_settime", "adjtimex", "chroot", "sethostname"} {
		why += fmt.Sprintf("\"seccomp.%s\" = \"what it opens in a user namespace is tested\"\n", call)
	}
	mounts := `[mounts]
bind = [{ from = "` + bin + `/app", at = "/app", exec = true }, { from = "` + secretDir(t) + `", at = "/secret", writable = true }]
tmpfs = [{ at = "/tmp" }]
`
	attempts := []string{"sethostname:inside", "bind:80", "setgroups:7", "write:/tmp/x", "chown:/tmp",
		"mount", "remount:/secret", "umount:/proc", "mknod:/tmp/n", "read:/secret/key", "chown:/secret/key", "setns:/proc/1/ns/mnt",
		"set-clock:realtime", "adjtimex", "write:/proc/sys/kernel/hostname", "setuid:70000", "uid-map", "offsets"}
	r := confined(t, rootInside+"[capabilities]\nkeep = ["+all+"]\n"+mounts+seccomp+why, attempts...)
	equal(t, "effective", len(r.Caps["effective"]), 10)
	equal(t, "bounding", len(r.Caps["bounding"]), 10)
	r.attempts(t, "ok", "sethostname:inside", "bind:80", "setgroups:7", "write:/tmp/x", "chown:/tmp")
	r.denied(t, "mount", "remount:/secret", "umount:/proc", "mknod:/tmp/n", "set-clock:realtime", "adjtimex", "chown:/secret/key")
	r.attempts(t, "EACCES", "read:/secret/key")
	r.attempts(t, "EINVAL", "setuid:70000") // not in the map
	r.denied(t, "setns:/proc/1/ns/mnt", "write:/proc/sys/kernel/hostname", "uid-map", "offsets")
}

// denied checks that attempts were refused, by whomever.
func (r *report) denied(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		ok := false
		for _, a := range r.Attempts {
			ok = ok || a.Name == name && (a.Result == "EPERM" || a.Result == "EACCES" || a.Result == "EROFS")
		}
		if !ok {
			t.Errorf("%s was not refused: %v", name, r.Attempts)
		}
	}
}

// What the host sees of a workload: ids that nobody has, and files that belong to them.
func TestS45UserNamespaceFromOutside(t *testing.T) {
	needUserNamespaces(t)
	dir := canaryDir(t)
	if err := os.Chown(dir, 100000, 200000); err != nil {
		t.Fatal(err)
	}
	more := strings.Replace(rootInside, `["/app/probe"]`, `["/app/probe", "sleep"]`, 1) + `[mounts]
bind = [{ from = "` + bin + `/app", at = "/app", exec = true }, { from = "` + dir + `", at = "/data", writable = true }]
`
	p := running(t, compiled(t, policy("outside", "", more)))
	pid := workloadOf(t, "outside")
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nUid:\t100000\t100000\t100000\t100000\n", "\nGid:\t200000\t200000\t200000\t200000\n", "\nGroups:\t200005 200009 \n", "\nCapBnd:\t0000000000000000\n"} {
		if !strings.Contains(string(status), want) {
			t.Errorf("no %q in %s", want, status)
		}
	}
	for file, want := range map[string]string{"uid_map": "0 100000 65536", "gid_map": "0 200000 65536", "setgroups": "allow"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
		if got := strings.Join(strings.Fields(string(b)), " "); err != nil || got != want {
			t.Errorf("%s is %q: %v", file, got, err)
		}
	}
	// Of the launch nothing is left but the shim, init and the workload.
	if holders := children(t, p.cmd.Process.Pid); len(holders) != 1 {
		t.Errorf("the shim has the children %v", holders)
	}
	p.signal(t, syscall.SIGTERM)
	p.wait(t).expect(t, 143)

	r := confined(t, strings.Replace(more, `, "sleep"`, "", 1), "mkdir:/data/made")
	r.attempts(t, "ok", "mkdir:/data/made")
	var st unix.Stat_t
	if err := unix.Stat(filepath.Join(dir, "made"), &st); err != nil || st.Uid != 100000 || st.Gid != 200000 {
		t.Errorf("what the workload made belongs to %d:%d: %v", st.Uid, st.Gid, err)
	}
}

// workloadOf waits for the workload of a service and gives its number.
func workloadOf(t *testing.T, service string) int {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		inits, _ := filepath.Glob("/proc/[0-9]*/exe")
		for _, exe := range inits {
			dir := filepath.Dir(exe)
			program, err := os.Readlink(exe)
			group, _ := os.ReadFile(dir + "/cgroup")
			if err == nil && strings.HasSuffix(program, "/probe") && strings.Contains(string(group), "casemate-"+service) {
				pid, _ := strconv.Atoi(filepath.Base(dir))
				return pid
			}
		}
	}
	t.Fatalf("no workload of %s", service)
	return 0
}

// The contract with the manager holds across the user namespace: a socket that is passed, a
// credential that is the workload's own, readiness through the shim's socket.
func TestUserNamespaceAndTheManager(t *testing.T) {
	needUserNamespaces(t)
	socket, _ := listening(t)
	dir := credentials(t, map[string]string{"key": "secret"})
	m := manager(t, filepath.Join(t.TempDir(), "notify"))
	text := withContract("mapped", `, "READY=1", "wait"`, "ready = \"notify\"\npass_fds = [\"http\"]\ncredentials = [\"key\"]\n"+
		"[namespaces]\nuser = { uid = [\"0 100000 65536\"], gid = [\"0 200000 65536\"] }\n")
	text = strings.Replace(text, "[exec]", "[exec]\nuser = \"0\"\ngroup = \"7\"", 1)
	p := managed(t, compiled(t, text), []string{m.env(), "CREDENTIALS_DIRECTORY=" + dir, "LISTEN_FDS=1", "LISTEN_FDNAMES=http"}, []*os.File{socket})
	p.until(t, "ready")
	out := p.stdout.String()
	equal(t, "credentials", lines(out, "credential"), []string{`key 0400 0 "secret" <nil>`})
	fds := lines(out, "fd")
	equal(t, "passed", fds[min(3, len(fds)):], []string{"3 " + leads(t, socket)})
	if got := m.hears(t); got != "READY=1" {
		t.Errorf("the manager hears %q", got)
	}
	p.signal(t, syscall.SIGTERM)
	p.wait(t).expect(t, 143)
}
