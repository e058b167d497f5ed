package tests

import (
	"strings"
	"testing"
)

// What a policy requires and the host lacks: 247 before anything runs.
func TestHostLacks(t *testing.T) {
	needRoot(t)
	for _, c := range some(t, []struct{ name, more, want, present string }{
		{"apparmor", "[lsm]\napparmor = { profile = \"casemate-test\", require = true }\n", "AppArmor is not active", "apparmor"},
		{"generated apparmor", generated, "AppArmor is not active", "apparmor"},
		{"selinux", "[lsm]\nselinux = { label = \"system_u:system_r:casemate_t:s0\", require = true }\n", "SELinux is not active", "selinux"},
		{"controller", "[cgroup]\nmemory.max = \"64M\"\n", `controller "memory" is not available`, "memory"},
	}) {
		t.Run(c.name, func(t *testing.T) {
			if hostHas(t, c.present) {
				t.Skipf("needs a host without %s", c.present)
			}
			r := launch(t, compiled(t, policy("lacks", `"/app/probe"`, c.more)))
			r.expect(t, 247, c.want, "test.toml:")
			equal(t, "what the workload has printed", r.stdout, "")
		})
	}
}

// What a policy only prefers is recorded as lacking, and the service runs.
func TestHostLacksWhatIsPreferred(t *testing.T) {
	needRoot(t)
	if hostHas(t, "apparmor") {
		t.Skip("needs a host without apparmor")
	}
	p := running(t, compiled(t, policy("prefers", `"/app/probe", "signals"`, "[lsm]\napparmor = { profile = \"casemate-test\", require = false }\n")))
	p.until(t, "ready")
	if r := command(t, bin+"/casemate-shim", "status", "prefers"); !strings.Contains(r.stdout, "not on this host: test.toml:") {
		t.Errorf("the receipt does not name the lack: %s", r)
	}
	p.signal(t, 15)
	p.wait(t)
}
