// Package seccomp picks the finished filter for this machine and lowers it to its
// step. It compiles nothing: filters are made at image build, by policy/seccomp.
//
// Pure: it imports sealed and plan, and x/sys/unix for its constants.
package seccomp

import (
	"fmt"

	"casemate/internal/plan"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

var archs = map[string]uint32{"amd64": sealed.ArchAMD64, "arm64": sealed.ArchARM64}

// Pick finds the filter for an architecture by Go's name.
func Pick(p *sealed.Policy, arch string) (sealed.Filter, error) {
	want, known := archs[arch]
	for _, f := range p.Filters {
		if known && f.Arch == want {
			return f, nil
		}
	}
	return sealed.Filter{}, fmt.Errorf("the policy has no seccomp filter for %s; compile it with arch = [..., %q]", arch, arch)
}

// Install is the one step. No flag: TSYNC has nobody to synchronise, the child has
// one thread; SPEC_ALLOW would switch a mitigation off (seccomp(2)).
func Install(l *plan.List, program []byte) {
	l.Add("", plan.Seccomp, plan.Named(unix.SECCOMP_SET_MODE_FILTER, "SECCOMP_SET_MODE_FILTER"), plan.Num(0), plan.Filter(program))
}
