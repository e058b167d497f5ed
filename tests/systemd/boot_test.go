package systemd

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The machine is what the rung says it is.
func TestRootIsReadOnly(t *testing.T) {
	needSystemd(t)
	var st unix.Statfs_t
	if err := unix.Statfs("/", &st); err != nil || st.Type != unix.EROFS_SUPER_MAGIC_V1 || st.Flags&unix.ST_RDONLY == 0 {
		t.Errorf("/ has type %#x, flags %#x, %v", st.Type, st.Flags, err)
	}
	if b, _ := os.ReadFile("/proc/1/comm"); string(b) != "systemd\n" {
		t.Errorf("PID 1 is %s", b)
	}
}

// systemd knows every line of the units: what it does not know it says and ignores.
func TestUnitsAreUnderstood(t *testing.T) {
	needSystemd(t)
	out, err := exec.Command("journalctl", "--no-pager", "-o", "cat", "_PID=1").Output()
	if err != nil || len(out) == 0 {
		t.Fatal("the journal has nothing of systemd's: ", err)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "casemate") && strings.Contains(line, "ignoring") {
			t.Error(line)
		}
	}
}

// nginx and redis are there after the boot, without a hand, and they answer.
func TestBoot(t *testing.T) {
	needSystemd(t)
	booted(t)
}

func booted(t *testing.T) {
	t.Helper()
	for _, name := range []string{"nginx", "redis"} {
		wants(t, unit(name), map[string]string{"ActiveState": "active", "SubState": "running", "NRestarts": "0", "Result": "success"})
	}
	wants(t, "casemate.target", map[string]string{"ActiveState": "active"})
	if after := strings.Fields(property(t, "casemate.target", "After")); !slices.Contains(after, unit("nginx")) || !slices.Contains(after, unit("redis")) {
		t.Errorf("casemate.target comes after %q", after)
	}
	r, err := http.Get("http://127.0.0.1:8080/")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if page, err := io.ReadAll(r.Body); err != nil || r.StatusCode != 200 || !strings.Contains(string(page), "Welcome to nginx!") {
		t.Errorf("%s, %v: %s", r.Status, err, page)
	}
	var c net.Conn
	until(t, "redis listens", func() bool { // its unit is active when it has been executed
		c, err = net.Dial("tcp", "127.0.0.1:6380")
		return err == nil
	})
	defer c.Close()
	if _, err := c.Write([]byte("PING\r\n")); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(c).ReadString('\n'); line != "+PONG\r\n" {
		t.Errorf("redis answers %q, %v", line, err)
	}
}

// The programs of the boot run under the profiles that were made from their policies; the
// machine enforces. The shim of nginx is confined itself, so that what it starts has both
// labels; that of redis is not. S23, both rows in which a service starts.
func TestLabelsS23(t *testing.T) {
	needSystemd(t)
	for _, c := range []struct{ service, program, shim, inside string }{
		{"nginx", "nginx", "casemate-shim (enforce)\n", "casemate-nginx//&casemate-shim (enforce)\n"},
		{"redis", "redis-server", "unconfined\n", "casemate-redis (enforce)\n"},
	} {
		if label, err := os.ReadFile("/proc/" + property(t, unit(c.service), "MainPID") + "/attr/apparmor/current"); string(label) != c.shim {
			t.Errorf("the shim of %s has the label %q, %v", c.service, label, err)
		}
		var labelled int
		for _, pid := range inside(t, unit(c.service), c.service) {
			label, err := os.ReadFile("/proc/" + pid + "/attr/apparmor/current")
			if string(label) != c.inside {
				t.Errorf("process %s of %s has the label %q, %v", pid, c.service, label, err)
			}
			if name, _ := os.ReadFile("/proc/" + pid + "/comm"); string(name) == c.program+"\n" {
				labelled++
			}
		}
		if labelled == 0 {
			t.Errorf("%s does not run", c.program)
		}
	}
}

// A service without a profile does not start from a confined shim: 248, and nothing is left.
func TestNoProfileUnderAConfinedShimS23(t *testing.T) {
	needSystemd(t)
	if systemctl(t, "start", unit("bare")) {
		t.Error("it has started")
	}
	says(t, unit("bare"), "execveat")
	wants(t, unit("bare"), map[string]string{"ActiveState": "failed", "ExecMainStatus": "248"})
	nothingLeft(t, "bare")
}

// What systemd makes of the unit: 0 is a service that can do nothing, 10 one without any
// sandbox. It is here so that a line that gets lost is noticed.
func TestExposure(t *testing.T) {
	needSystemd(t)
	out, err := exec.Command("systemd-analyze", "security", "--no-pager", "--threshold=60", unit("redis")).CombinedOutput()
	overall := out[max(0, bytes.LastIndex(out, []byte("Overall"))):]
	if err != nil {
		t.Errorf("%v: %s", err, indent(string(out)))
	}
	t.Logf("%s", overall)
}

// The container's cgroup lies below the unit's, with the limits of the policy, and the
// workload is in it; the shim is beside it.
func TestLimitsAreBelowTheUnit(t *testing.T) {
	needSystemd(t)
	own := property(t, unit("nginx"), "ControlGroup")
	if !strings.HasSuffix(own, "/"+unit("nginx")) {
		t.Fatalf("the unit's cgroup is %q", own)
	}
	dir := "/sys/fs/cgroup" + own
	for file, want := range map[string]string{"/casemate-nginx/memory.max": "134217728", "/casemate-nginx/pids.max": "16", "/cgroup.procs": ""} {
		if b, err := os.ReadFile(dir + file); err != nil || strings.TrimSpace(string(b)) != want {
			t.Errorf("%s is %q, %v", file, b, err)
		}
	}
	shim := property(t, unit("nginx"), "MainPID")
	if b, _ := os.ReadFile(dir + "/supervisor/cgroup.procs"); strings.TrimSpace(string(b)) != shim {
		t.Errorf("beside it are %q, not the shim %s", b, shim)
	}
	b, _ := os.ReadFile(dir + "/casemate-nginx/cgroup.procs")
	var names []string
	for _, pid := range strings.Fields(string(b)) {
		name, _ := os.ReadFile("/proc/" + pid + "/comm")
		names = append(names, strings.TrimSpace(string(name)))
	}
	slices.Sort(names)
	if want := []string{"casemate-init", "nginx", "nginx"}; !slices.Equal(names, want) {
		t.Errorf("inside are %q", names)
	}
}

// The shim has what its unit gives it and no more; MAC_ADMIN is from the drop-in of nginx.
func TestShimIsSandboxed(t *testing.T) {
	needSystemd(t)
	proc := "/proc/" + property(t, unit("nginx"), "MainPID")
	b, err := os.ReadFile(proc + "/status")
	if err != nil {
		t.Fatal(err)
	}
	bounding := uint64(0)
	for _, c := range []int{unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_KILL, unix.CAP_MKNOD, unix.CAP_NET_ADMIN, unix.CAP_SETGID, unix.CAP_SETPCAP, unix.CAP_SETUID, unix.CAP_SYS_ADMIN, unix.CAP_SYS_NICE, unix.CAP_SYS_PTRACE, unix.CAP_SYS_RESOURCE, unix.CAP_MAC_ADMIN} {
		bounding |= 1 << c
	}
	for _, want := range []string{"Name:\tcasemate-shim\n", hex("CapBnd:\t", bounding), hex("CapEff:\t", bounding), "NoNewPrivs:\t1\n", "Seccomp:\t2\n"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %q in %s", want, indent(string(b)))
		}
	}
	// init is not the OOM killer's to choose: the capability is there for that.
	if score, err := os.ReadFile("/proc/" + initOf(t, unit("nginx"), "nginx") + "/oom_score_adj"); err != nil || string(score) != "-1000\n" {
		t.Errorf("init's oom_score_adj is %q, %v", score, err)
	}
	for path, want := range map[string]error{
		"/etc/x": unix.EROFS, "/var/x": unix.EROFS, "/run/x": unix.EROFS, "/proc/sys/kernel/hostname": unix.EROFS, "/run/casemate/x": unix.ENOENT,
	} {
		// Whether the mount that the shim sees there is read-only is all that is asked.
		var st unix.Statfs_t
		dir := proc + "/root" + path[:strings.LastIndex(path, "/")]
		if err := unix.Statfs(dir, &st); err != nil || (st.Flags&unix.ST_RDONLY != 0) != (want == unix.EROFS) {
			t.Errorf("%s: flags %#x, %v", dir, st.Flags, err)
		}
	}
}

// What the unit says that it cannot have: with it nothing is launched. When one of these
// starts to work, it belongs into the unit.
func TestWhatTheUnitCannotHave(t *testing.T) {
	needSystemd(t)
	if systemctl(t, "start", unit("devices"), unit("cgroups"), unit("hostname"), unit("namespaces")) {
		t.Error("they have started")
	}
	for name, c := range map[string]struct{ status, says string }{
		"devices": {"247", "MKNOD"}, "cgroups": {"248", "read-only file system"}, "hostname": {"248", "sethostname"}, "namespaces": {"248", "clone3"},
	} {
		says(t, unit(name), c.says)
		wants(t, unit(name), map[string]string{"ActiveState": "failed", "ExecMainStatus": c.status})
		nothingLeft(t, name)
	}
}

func hex(name string, n uint64) string {
	const digits = "0123456789abcdef"
	var b [16]byte
	for i := range b {
		b[i] = digits[n>>(60-4*i)&15]
	}
	return name + string(b[:]) + "\n"
}
