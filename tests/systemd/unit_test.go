package systemd

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// needSystemd skips, by name, outside of the virtual machine.
func needSystemd(t *testing.T) {
	t.Helper()
	if os.Getenv("CASEMATE_SYSTEMD") != "1" {
		t.Skip("needs systemd as PID 1 and the services of tests/vm (make vm RUNG=systemd)")
	}
	t.Parallel()
}

func unit(name string) string { return "casemate@" + name + ".service" }

// patience bounds what takes a second at most; it is there so that a hang fails.
const patience = 100 * time.Second

// within tells whether something becomes true.
func within(f func() bool) bool {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if f() {
			return true
		}
	}
	return false
}

// until waits for what must become true.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	if !within(f) {
		t.Fatalf("%s: not in %s\n%s", what, patience, log())
	}
}

// log is the end of the journal, or a unit's.
func log(unit ...string) string {
	args := []string{"--no-pager", "-n", "40", "-o", "short-monotonic"}
	for _, u := range unit {
		args = append(args, "-u", u)
	}
	out, _ := exec.Command("journalctl", args...).CombinedOutput()
	return indent(string(out))
}

// indent keeps the lines of a log from being taken for verdicts.
func indent(text string) string { return "  | " + strings.ReplaceAll(text, "\n", "\n  | ") }

// systemctl runs it to its end and tells whether it succeeded.
func systemctl(t *testing.T, args ...string) bool {
	t.Helper()
	return exec.Command("systemctl", args...).Run() == nil
}

// must is systemctl with success.
func must(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("systemctl", args...).CombinedOutput(); err != nil {
		t.Fatalf("systemctl %q: %v\n%s\n%s", args, err, indent(string(out)), log())
	}
}

// property of a unit; see systemctl(1).
func property(t *testing.T, name, property string) string {
	t.Helper()
	out, err := exec.Command("systemctl", "show", "--value", "-p", property, name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// wants compares properties of a unit.
func wants(t *testing.T, name string, want map[string]string) {
	t.Helper()
	args := []string{"show", name}
	for p := range want {
		args = append(args, "-p", p)
	}
	out, err := exec.Command("systemctl", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	for p, v := range want {
		if !strings.Contains("\n"+string(out), "\n"+p+"="+v+"\n") {
			t.Errorf("%s: no %s=%s in %s", name, p, v, indent(string(out)))
		}
	}
}

// started starts a service of the probe's, and stops it after the test.
func started(t *testing.T, name string) {
	t.Helper()
	must(t, "start", unit(name))
	t.Cleanup(func() { systemctl(t, "stop", unit(name)) })
}

// record of the journal: the fields that are looked at.
type record struct {
	Message    string `json:"MESSAGE"`
	Identifier string `json:"SYSLOG_IDENTIFIER"`
	Unit       string `json:"_SYSTEMD_UNIT"`
	PID        string `json:"_PID"`
	Cgroup     string `json:"_SYSTEMD_CGROUP"`
}

// journal is what a unit has written, and what systemd has written about it.
func journal(t *testing.T, name string) (all []record) {
	t.Helper()
	out, err := exec.Command("journalctl", "--no-pager", "-o", "json", "-u", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	for s := bufio.NewScanner(strings.NewReader(string(out))); s.Scan(); {
		var r record
		if json.Unmarshal(s.Bytes(), &r) == nil { // a message that is no text is none of ours
			all = append(all, r)
		}
	}
	return all
}

// says waits for a line of a unit's with a text, and gives it.
func says(t *testing.T, name, text string) (found record) {
	t.Helper()
	there := within(func() bool {
		for _, r := range journal(t, name) {
			if strings.Contains(r.Message, text) {
				found = r
				return true
			}
		}
		return false
	})
	if !there {
		t.Errorf("%s does not say %q\n%s", name, text, log(name))
	}
	return found
}
