package vm

import (
	"regexp"
	"testing"
)

// Denials of the shim, of init and of a log that is not whole are ours; the workload's and the
// machine's are not.
func TestDenials(t *testing.T) {
	for line, want := range map[string]bool{
		`apparmor="DENIED" operation="capable" profile="casemate-shim" pid=7 comm="casemate-shim" capability=25 capname="sys_time"`:                                                     true,
		`apparmor="DENIED" operation="open" profile="casemate-web" name="/x" pid=7 comm="casemate-init" requested_mask="r"`:                                                             true,
		`apparmor="DENIED" operation="open" profile="casemate-shim" name="/x" pid=7 comm="probe" requested_mask="r"`:                                                                    true,
		`apparmor="DENIED" operation="open" profile="casemate-web" name="/x" pid=7 comm="5" requested_mask="r"`:                                                                         true,
		`apparmor="DENIED" operation="open" profile="casemate-web" name="/x" pid=7 comm="nginx" requested_mask="r"`:                                                                     false,
		`avc:  denied  { read } for  pid=7 comm="loop0" scontext=system_u:system_r:casemate_shim_t:s0 tcontext=system_u:object_r:etc_t:s0 tclass=file permissive=0`:                     true,
		`avc:  denied  { read } for  pid=7 comm=casemate-init scontext=system_u:system_r:casemate_web_t:s0:c1,c2 tcontext=system_u:object_r:etc_t:s0 tclass=file permissive=0`:          true,
		`avc:  denied  { read } for  pid=7 comm="nginx" scontext=system_u:system_r:casemate_web_t:s0:c1,c2 tcontext=system_u:object_r:casemate_shim_exec_t:s0 tclass=file permissive=0`: false,
		`avc:  denied  { getattr } for  pid=7 comm="systemd" scontext=system_u:system_r:init_t:s0 tcontext=system_u:system_r:casemate_shim_t:s0 tclass=process permissive=0`:            false,
		`audit: audit_lost=3 audit_rate_limit=0 audit_backlog_limit=64`:                                                                                                                 true,
	} {
		if got := oursDenied(line); got != want {
			t.Errorf("%v: %s", got, line)
		}
	}
	out := transcript("VM-DENIED pid=7 comm=\"casemate-shim\" name=\"/a\"\nVM-DENIED pid=7 comm=\"casemate-shim\" name=\"/b\"\nVM-DENIED pid=7 comm=\"casemate-shim\" name=\"/b\"\nVM-END true\n")
	if unexpected, expected := out.denials(regexp.MustCompile(`/a`)); expected != 1 || len(unexpected) != 1 {
		t.Errorf("%q, %d", unexpected, expected)
	}
}
