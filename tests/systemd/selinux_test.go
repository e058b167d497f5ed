package systemd

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// needSELinux skips, by name, outside of the rung in which SELinux enforces.
func needSELinux(t *testing.T) {
	t.Helper()
	if os.Getenv("CASEMATE_SYSTEMD") != "selinux" {
		t.Skip("needs systemd as PID 1 and SELinux enforcing (make vm RUNG=systemd-selinux)")
	}
}

// contextOf a process.
func contextOf(t *testing.T, pid string) string {
	t.Helper()
	b, err := os.ReadFile("/proc/" + pid + "/attr/current")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimRight(string(b), "\x00\n")
}

func TestSELinuxEnforces(t *testing.T) {
	needSELinux(t)
	if b, err := os.ReadFile("/sys/fs/selinux/enforce"); string(b) != "1" {
		t.Errorf("%q, %v", b, err)
	}
	if got := contextOf(t, "1"); got != "system_u:system_r:init_t:s0" {
		t.Errorf("systemd runs as %s", got)
	}
}

func TestSELinuxBoot(t *testing.T) {
	needSELinux(t)
	booted(t)
}

// The shim is in its own domain; what it starts is in the service's, under no_new_privs, each at
// a level of its own.
func TestSELinuxDomainsS23(t *testing.T) {
	needSELinux(t)
	levels := map[string]string{}
	for service, program := range map[string]string{"nginx": "nginx", "redis": "redis-server"} {
		if got := contextOf(t, property(t, unit(service), "MainPID")); got != "system_u:system_r:casemate_shim_t:s0" {
			t.Errorf("the shim of %s runs as %s", service, got)
		}
		labelled := 0
		for _, pid := range inside(t, unit(service), service) {
			m := regexp.MustCompile(`^system_u:system_r:casemate_` + service + `_t:s0:(c\d+,c\d+)$`).FindStringSubmatch(contextOf(t, pid))
			if m == nil {
				t.Errorf("process %s of %s runs as %s", pid, service, contextOf(t, pid))
				continue
			}
			if other, there := levels[m[1]]; there && other != service {
				t.Errorf("%s and %s have the level %s", service, other, m[1])
			}
			levels[m[1]] = service
			if name, _ := os.ReadFile("/proc/" + pid + "/comm"); string(name) == program+"\n" {
				labelled++
			}
		}
		if labelled == 0 {
			t.Errorf("%s does not run", program)
		}
	}
	if len(levels) != 2 {
		t.Errorf("two services have the levels %q", levels)
	}
}

// A domain that the policy does not know or that enforces nothing, and AppArmor, are lacking;
// one that is no service's gets no keyring, or cannot be entered. None starts, and nothing is left.
func TestSELinuxRefusesS23(t *testing.T) {
	needSELinux(t)
	if systemctl(t, "start", unit("unknown"), unit("loose"), unit("apparmor"), unit("foreign"), unit("still")) {
		t.Error("they have started")
	}
	for name, c := range map[string]struct{ status, says string }{
		"unknown": {"247", "does not know the context"}, "loose": {"247", "permissive"}, "apparmor": {"247", "AppArmor is not active"},
		"foreign": {"248", "(keyring): write"}, "still": {"248", "(exec): execveat"},
	} {
		says(t, unit(name), c.says)
		wants(t, unit(name), map[string]string{"ActiveState": "failed", "ExecMainStatus": c.status, "NRestarts": "0"})
		nothingLeft(t, name)
	}
}

// Nothing but the shim is executed in its domain: it has one entry point.
func TestSELinuxShimIsTheShim(t *testing.T) {
	needSELinux(t)
	if systemctl(t, "start", "casemate-wrong.service") {
		t.Error("/bin/true has run as casemate_shim_t")
	}
	wants(t, "casemate-wrong.service", map[string]string{"Result": "exit-code", "ExecMainStatus": "203"})
}

// A socket of systemd's, which it labels by the shim's domain, and a credential reach a service
// through a shim in that domain.
func TestSELinuxSocketAndCredential(t *testing.T) {
	needSELinux(t)
	woken(t)
}

// Without its module the shim's domain has no capability over clocks, whatever the unit gives.
func TestSELinuxTimeNamespaceWithoutTheModule(t *testing.T) {
	needSELinux(t)
	startsNot(t, "later", "248", "casemate-shim-time.cil")
}
