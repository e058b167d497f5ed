package selinux

import (
	"strings"
	"testing"

	"casemate/internal/facts"
)

func TestLack(t *testing.T) {
	for _, c := range []struct {
		facts facts.SELinux
		want  string
	}{
		{facts.SELinux{Enabled: true, Enforcing: true}, ""},
		{facts.SELinux{Enabled: true}, "SELinux is permissive"},
		{facts.SELinux{}, "SELinux is not active"},
		{facts.SELinux{Enforcing: true}, "SELinux is not active"},
		{facts.SELinux{Enabled: true, Enforcing: true, Domain: facts.DomainEnforced}, ""},
		{facts.SELinux{Enabled: true, Enforcing: true, Domain: facts.DomainUnknown}, "does not know the context"},
		{facts.SELinux{Enabled: true, Enforcing: true, Domain: facts.DomainPermissive}, "the SELinux domain is permissive"},
		{facts.SELinux{Enabled: true, Domain: facts.DomainPermissive}, "SELinux is permissive"},
	} {
		if got := Lack(c.facts); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q", c.facts, got)
		}
	}
	if ExecFile != "attr/exec" {
		t.Error(ExecFile)
	}
}
