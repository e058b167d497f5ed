package systemd

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A connection starts the service; the workload is handed the socket and a credential, and
// the unit is active only when the workload says so. The journal has the workload's lines
// under its name.
func TestSocketReadinessCredentialJournal(t *testing.T) {
	needSystemd(t)
	woken(t)
}

func woken(t *testing.T) {
	t.Helper()
	name := unit("greeter")
	wants(t, name, map[string]string{"ActiveState": "inactive"})
	wants(t, "casemate-greeter.socket", map[string]string{"ActiveState": "active"})
	must(t, "start", "--no-block", name)
	t.Cleanup(func() { systemctl(t, "stop", "casemate-greeter.socket", name) })
	r := says(t, name, "credential greeting 0400")
	time.Sleep(300 * time.Millisecond)
	wants(t, name, map[string]string{"ActiveState": "activating", "StatusText": ""})
	if want := `credential greeting 0400 65534 "hello, greeter\n" <nil>`; r.Message != want {
		t.Errorf("it says %q", r.Message)
	}
	if r.Identifier != "greeter" || r.Unit != name || !strings.HasSuffix(r.Cgroup, "/"+name+"/casemate-greeter") {
		t.Errorf("the journal has %+v", r)
	}
	greeted(t)
	until(t, "it becomes active", func() bool { return property(t, name, "ActiveState") == "active" })
	wants(t, name, map[string]string{"StatusText": "Greeted."})
	// And now by the connection itself.
	must(t, "stop", name)
	wants(t, name, map[string]string{"ActiveState": "inactive", "Result": "success"})
	greeted(t)
	until(t, "a connection starts it", func() bool { return property(t, name, "ActiveState") == "active" })
}

func greeted(t *testing.T) {
	t.Helper()
	c, err := net.Dial("tcp", "127.0.0.1:8081")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	if text, err := io.ReadAll(c); string(text) != "hello from inside\n" {
		t.Errorf("it answers %q, %v", text, err)
	}
}

// A workload that answers the watchdog no more is ended and started again.
func TestWatchdog(t *testing.T) {
	needSystemd(t)
	started(t, "pinger")
	until(t, "it is restarted", func() bool { return property(t, unit("pinger"), "NRestarts") != "0" })
	says(t, unit("pinger"), "Watchdog timeout")
	says(t, unit("pinger"), "Failed with result 'watchdog'")
}

// reload forwards HUP, stop is TERM and the workload's own end, and nothing is left. Then
// the same after a shim and an init that were killed: systemd starts the service again.
func TestReloadKillRestartStop(t *testing.T) {
	needSystemd(t)
	name := unit("plain")
	started(t, "plain")
	must(t, "reload", name)
	if r := says(t, name, "1 SIGHUP"); r.Identifier != "plain" {
		t.Errorf("the journal has %+v", r)
	}
	for restarts, victim := range []func() string{
		func() string { return property(t, name, "MainPID") },
		func() string { return initOf(t, name, "plain") },
	} {
		says(t, name, "ready")
		shim, pid := property(t, name, "MainPID"), victim()
		kill(t, pid)
		until(t, "it is restarted", func() bool {
			return property(t, name, "NRestarts") == fmt.Sprint(restarts+1) && property(t, name, "ActiveState") == "active"
		})
		if again := property(t, name, "MainPID"); again == shim || again == "0" {
			t.Errorf("the shim was %s and is %s", shim, again)
		}
		if n := len(inside(t, name, "plain")); n != 2 {
			t.Errorf("%d processes in the container, not init and the workload", n)
		}
	}
	must(t, "stop", name)
	says(t, name, "15 SIGTERM")
	wants(t, name, map[string]string{"ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0"})
	nothingLeft(t, "plain")
}

// Of a shim that was killed and is not started again nothing is left either.
func TestKilledShimLeavesNothing(t *testing.T) {
	needSystemd(t)
	name := unit("frail")
	started(t, "frail")
	kill(t, property(t, name, "MainPID"))
	until(t, "it fails", func() bool { return property(t, name, "ActiveState") == "failed" })
	wants(t, name, map[string]string{"Result": "signal", "NRestarts": "0"})
	says(t, name, "frail: removed its state and the cgroup")
	if e := endOf(t, "frail"); e.Ended.Cause != "lost" {
		t.Errorf("%+v", e)
	}
	nothingLeft(t, "frail")
}

// What is wrong with a policy or the host stays wrong: no restart.
func TestBadPolicyDoesNotLoop(t *testing.T) {
	needSystemd(t)
	bad := []struct{ name, status, says string }{
		{"tampered", "246", "digest"}, {"strange", "246", "not trusted"}, {"missing", "246", "no such file"}, {"lacking", "247", "SELinux is not active"},
		{"narrow", "247", `the cgroup v2 controller "memory" is not available in /sys/fs/cgroup/narrow.slice/casemate@narrow.service`},
	}
	if systemctl(t, "start", unit("tampered"), unit("strange"), unit("missing"), unit("lacking"), unit("narrow")) {
		t.Error("they have started")
	}
	time.Sleep(time.Second) // ten times RestartSec
	for _, c := range bad {
		says(t, unit(c.name), c.says)
		wants(t, unit(c.name), map[string]string{"ActiveState": "failed", "ExecMainStatus": c.status, "NRestarts": "0"})
		nothingLeft(t, c.name)
	}
}

// A unit that delegates one controller alone runs what needs that one.
func TestDelegatedController(t *testing.T) {
	needSystemd(t)
	started(t, "counted")
	group := "/sys/fs/cgroup" + property(t, unit("counted"), "ControlGroup")
	for file, want := range map[string]string{"cgroup.controllers": "pids\n", "casemate-counted/pids.max": "32\n"} {
		if b, err := os.ReadFile(filepath.Join(group, file)); err != nil || string(b) != want {
			t.Errorf("%s is %q, not %q; %v", file, b, want, err)
		}
	}
}

// A workload that the kernel has killed for want of memory: the journal says so, with the
// limit and its line, and the record of the end, by the kernel's count.
func TestOutOfMemoryIsNamedR09(t *testing.T) {
	needSystemd(t)
	systemctl(t, "start", unit("eater"))
	t.Cleanup(func() { systemctl(t, "stop", unit("eater")) })
	r := says(t, unit("eater"), "out of memory: the kernel killed")
	if !strings.Contains(r.Message, "memory.max = 50331648 (") || r.Identifier != "eater" {
		t.Errorf("the journal has %+v", r)
	}
	until(t, "it fails", func() bool { return property(t, unit("eater"), "NRestarts") != "0" })
	if e := endOf(t, "eater"); e.Ended.Cause != "oom" || e.Ended.Status != 137 || e.Ended.Memory.Kills != 1 {
		t.Errorf("%+v", e)
	}
}

func kill(t *testing.T, pid string) {
	t.Helper()
	var n int
	fmt.Sscan(pid, &n)
	p, err := os.FindProcess(n)
	if err == nil && n > 1 {
		err = p.Kill()
	}
	if err != nil || n <= 1 {
		t.Fatalf("kill %q: %v", pid, err)
	}
}

// inside lists the processes of a container.
func inside(t *testing.T, name, service string) []string {
	t.Helper()
	b, _ := os.ReadFile("/sys/fs/cgroup" + property(t, name, "ControlGroup") + "/casemate-" + service + "/cgroup.procs")
	return strings.Fields(string(b))
}

func initOf(t *testing.T, name, service string) string {
	t.Helper()
	for _, pid := range inside(t, name, service) {
		if b, _ := os.ReadFile("/proc/" + pid + "/comm"); string(b) == "casemate-init\n" {
			return pid
		}
	}
	t.Fatalf("%s has no init", name)
	return ""
}

// nothingLeft: no state and no cgroup of a service that has ended.
func nothingLeft(t *testing.T, service string) {
	t.Helper()
	var left []string
	until(t, "nothing is left", func() bool {
		left, _ = filepath.Glob("/run/casemate/" + service)
		groups, _ := filepath.Glob("/sys/fs/cgroup/system.slice/system-casemate.slice/" + unit(service))
		left = append(left, groups...)
		return left == nil
	})
}
