package systemd

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// group is the directory of a container's cgroup.
func group(t *testing.T, service string) string {
	t.Helper()
	return "/sys/fs/cgroup" + property(t, unit(service), "ControlGroup") + "/casemate-" + service
}

func text(path string) string {
	b, _ := os.ReadFile(path)
	return strings.TrimSpace(string(b))
}

// A fork bomb at its pids.max takes neither init nor the shim nor systemd with it: signals are
// answered, and a stop takes the policy's grace.
func TestForkBombR08(t *testing.T) {
	needSystemd(t)
	name := unit("bomber")
	started(t, "bomber")
	says(t, name, "ready")
	must(t, "kill", "--kill-whom=main", "-s", "USR1", name)
	until(t, "the bomb reaches its limit", func() bool { return text(group(t, "bomber")+"/pids.current") == "16" })
	must(t, "kill", "--kill-whom=main", "-s", "USR2", name)
	says(t, name, "pong")
	begun := time.Now()
	must(t, "stop", name)
	t.Logf("stopped in %s", time.Since(begun))
	says(t, name, "the grace is over: killed what was left")
	// The main process ends by TERM, or, where it did not get to it in the grace, by KILL: by
	// init's in any case, not by systemd's, which would say "timeout".
	if result := property(t, name, "Result"); result != "success" && result != "exit-code" {
		t.Errorf("the result is %s", result)
	}
	if e := endOf(t, "bomber"); e.Ended.Status != 143 && e.Ended.Status != 137 || !e.Ended.Stopped {
		t.Errorf("%+v", e)
	}
	nothingLeft(t, "bomber")
}

// The cgroup with groups below it that others have made, with a process and an open descriptor
// in them, goes at the end: of a shim that was stopped, and of one that was killed.
func TestNestedGroupsR21(t *testing.T) {
	needSystemd(t)
	name := unit("nested")
	for _, end := range []func(){
		func() { must(t, "stop", name) },
		func() {
			kill(t, property(t, name, "MainPID"))
			until(t, "it fails", func() bool { return property(t, name, "ActiveState") == "failed" })
		},
	} {
		started(t, "nested")
		below := group(t, "nested") + "/a/b"
		if err := os.MkdirAll(below, 0o755); err != nil {
			t.Fatal(err)
		}
		held, err := os.Open(below)
		if err != nil {
			t.Fatal(err)
		}
		defer held.Close()
		inside := exec.Command("sleep", "1000")
		if err := inside.Start(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(below+"/cgroup.procs", []byte(strconv.Itoa(inside.Process.Pid)), 0); err != nil {
			t.Fatal(err)
		}
		end()
		nothingLeft(t, "nested")
		if err := inside.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Errorf("what was inside: %v", err)
		}
	}
}

// From inside, control groups begin at the container's own and are read-only, and nothing of
// the unit is seen.
func TestControlGroupsS29(t *testing.T) {
	needSystemd(t)
	name := unit("inside")
	must(t, "start", name)
	until(t, "it ends", func() bool { return property(t, name, "ActiveState") == "inactive" })
	wants(t, name, map[string]string{"Result": "success", "ExecMainStatus": "0"})
	var lines []string
	for _, r := range journal(t, name) {
		if r.Identifier == "inside" {
			lines = append(lines, r.Message)
		}
	}
	var report struct {
		Cgroup   []string `json:"cgroup"`
		Mounts   []string `json:"mounts"`
		Attempts []struct{ Name, Result string }
	}
	if err := json.Unmarshal([]byte(strings.Join(lines, "\n")), &report); err != nil {
		t.Fatalf("%v\n%s", err, log(name))
	}
	if !slices.Contains(report.Cgroup, "0::/") {
		t.Errorf("it is in %q", report.Cgroup)
	}
	for _, a := range report.Attempts {
		switch {
		case a.Name == "read:/sys/fs/cgroup/pids.max":
			if a.Result != "ok" {
				t.Errorf("it cannot read its limit: %s", a.Result)
			}
			continue
		case strings.HasPrefix(a.Name, "list:"):
			if strings.Contains(a.Result, "slice") || strings.Contains(a.Result, "casemate@") {
				t.Errorf("%s: %s", a.Name, a.Result)
			}
			continue
		}
		if a.Result != "EROFS" && a.Result != "EACCES" {
			t.Errorf("%s: %s", a.Name, a.Result)
		}
	}
	if len(report.Attempts) != 7 {
		t.Errorf("%d attempts", len(report.Attempts))
	}
	for _, m := range report.Mounts {
		if strings.Contains(m, " - cgroup ") || strings.Contains(m, " - cgroup2 ") && strings.Contains(m, "system.slice") {
			t.Errorf("%s", m)
		}
	}
}

// endOf is the record of a service's last end.
func endOf(t *testing.T, service string) (end struct {
	Ended struct {
		Cause   string
		Status  int
		Stopped bool
		Memory  struct {
			Kills int `json:"oom_kill"`
		}
	}
}) {
	t.Helper()
	path := filepath.Join("/run/casemate/.ended", service+".json")
	if err := json.Unmarshal([]byte(text(path)), &end); err != nil {
		t.Errorf("%s: %v", path, err)
	}
	return end
}
