package tests

import (
	"path/filepath"
	"testing"
)

// guard is a shim's own domain, in the machine's policy: it may enter no other under
// no_new_privs but by one of the two ways that the kernel has for that.
const guard = "system_u:system_r:casemate_guard_t:s0-s0:c0.c1023"

// inDomain runs a command in a domain.
func inDomain(t *testing.T, context string, argv ...string) result {
	t.Helper()
	script := `printf '%s' "$0" >/proc/self/attr/exec && exec "$@"`
	return begin(t, "/bin/sh", append([]string{"-c", script, context}, argv...)...).wait(t)
}

// no_new_privs and domains: a domain that is a subset of the shim's (typebounds), one that the
// shim's may enter all the same (process2 nnp_transition), and one that it may enter
// otherwise. The workload runs in the domain of the policy or not at all. S23.
func TestSELinuxS23NoNewPrivileges(t *testing.T) {
	needSELinux(t)
	equal(t, "the confined domain", inDomain(t, guard, "/bin/cat", "/proc/self/attr/current").stdout, guard+"\x00")
	for _, c := range []struct {
		domain               string
		unconfined, confined int
	}{
		{"casemate_bounded_t", 0, 0},   // a subset of casemate_guard_t, which has no nnp_transition to it
		{"casemate_wider_t", 0, 0},     // no subset, nnp_transition from both
		{"casemate_test_t", 0, 248},    // no subset, nnp_transition from the machine's domain alone
		{"casemate_nonnp_t", 248, 248}, // from neither
	} {
		sealed := compiled(t, policy("confined", `"/app/probe"`, "[lsm]\nselinux = { type = \""+c.domain+"\" }\n"))
		shim := []string{filepath.Join(bin, "casemate-shim"), "run", sealed}
		for from, want := range map[string]int{"unconfined": c.unconfined, "confined": c.confined} {
			r := result{}
			if from == "confined" {
				r = inDomain(t, guard, shim...)
			} else {
				r = command(t, shim[0], shim[1:]...)
			}
			if want == 0 && r.code == 0 {
				equal(t, "label of "+c.domain+" from "+from, decoded(t, r).Label, "system_u:system_r:"+c.domain+":s0")
				continue
			}
			equal(t, "what the workload of "+c.domain+" from "+from+" has printed", r.stdout, "")
			r.expect(t, want, "does not let the shim's domain change", "test.toml:")
		}
	}
}
