package process

import (
	"slices"
	"strings"
	"testing"

	"casemate/internal/facts"
	"casemate/internal/plan"
	"casemate/internal/sealed"
)

func lowered(e sealed.Exec, p facts.Process) []string {
	l, policy, f := &plan.List{}, &sealed.Policy{Exec: e}, &facts.Facts{Process: p}
	MemFD(l, policy, f)
	Restrict(l, policy, f)
	var steps []string
	for _, s := range l.Steps {
		if s.Op == plan.Prctl || s.Must != "" {
			steps = append(steps, s.String())
		}
	}
	return steps
}

func TestSteps(t *testing.T) {
	const (
		mdwe     = "prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)"
		memfd    = `memfd_create("casemate", MFD_EXEC) must be EACCES`
		core     = "prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 0, PR_SCHED_CORE_SCOPE_THREAD_GROUP, 0)"
		store    = "prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_FORCE_DISABLE, 0, 0)"
		indirect = "prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_FORCE_DISABLE, 0, 0)"
	)
	all := sealed.Exec{Memory: sealed.Memory{MDWE: true, MemFD: sealed.MemFDNoExec}, Core: true, Spec: sealed.SpecKinds}
	has := facts.Process{MDWE: true, MemFDNoExec: true, CoreScheduling: facts.CoreShared, StoreBypass: 3, IndirectBranch: 5}
	for name, c := range map[string]struct {
		exec sealed.Exec
		host facts.Process
		want []string
	}{
		"everything":            {all, has, []string{memfd, core, store, indirect, mdwe}},
		"nothing":               {sealed.Exec{}, has, nil},
		"memfds executed":       {sealed.Exec{Memory: sealed.Memory{MemFD: sealed.MemFDExec}}, has, nil},
		"no threads of a core":  {sealed.Exec{Core: true}, facts.Process{CoreScheduling: facts.CoreAlone}, nil},
		"off already, or sound": {sealed.Exec{Spec: sealed.SpecKinds}, facts.Process{StoreBypass: 0, IndirectBranch: 4}, nil},
		"an older kernel":       {sealed.Exec{Memory: sealed.Memory{MemFD: sealed.MemFDNoExec}}, facts.Process{}, nil},
	} {
		if got := lowered(c.exec, c.host); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// What is demanded and what is only wished for, by what the kernel says.
func TestLacks(t *testing.T) {
	for _, c := range []struct {
		exec         sealed.Exec
		host         facts.Process
		must, prefer string
	}{
		{sealed.Exec{Memory: sealed.Memory{MDWE: true}}, facts.Process{}, "no PR_SET_MDWE", ""},
		{sealed.Exec{Memory: sealed.Memory{MDWE: true}}, facts.Process{MDWE: true}, "", ""},
		{sealed.Exec{Core: true}, facts.Process{}, "no core scheduling", ""},
		{sealed.Exec{Core: true}, facts.Process{CoreScheduling: facts.CoreAlone}, "", ""},
		{sealed.Exec{Spec: sealed.SpecStoreBypass}, facts.Process{StoreBypass: -1}, "PR_SPEC_STORE_BYPASS cannot", ""},
		{sealed.Exec{Spec: sealed.SpecStoreBypass}, facts.Process{StoreBypass: 2}, "PR_SPEC_STORE_BYPASS cannot", ""},
		{sealed.Exec{Spec: sealed.SpecStoreBypass}, facts.Process{StoreBypass: 0, IndirectBranch: -1}, "", ""},
		{sealed.Exec{Spec: sealed.SpecIndirectBranch}, facts.Process{IndirectBranch: 9}, "", ""},
		{sealed.Exec{Memory: sealed.Memory{MemFD: sealed.MemFDNoExec}}, facts.Process{}, "", "no vm.memfd_noexec"},
		{sealed.Exec{Memory: sealed.Memory{MemFD: sealed.MemFDExec}}, facts.Process{}, "", ""},
	} {
		c.exec.At = "p:1"
		must, prefer := Lacks(&sealed.Policy{Exec: c.exec}, &facts.Facts{Process: c.host})
		for _, found := range []struct {
			got  []string
			want string
		}{{must, c.must}, {prefer, c.prefer}} {
			if len(found.got) > 1 || (len(found.got) == 1) != (found.want != "") || len(found.got) == 1 && !strings.HasPrefix(found.got[0], "p:1: "+found.want) {
				t.Errorf("%+v on %+v: %q", c.exec, c.host, found.got)
			}
		}
	}
}

func TestSpeculationIsReadBack(t *testing.T) {
	p, f := &sealed.Policy{Exec: sealed.Exec{Spec: sealed.SpecKinds}}, &facts.Facts{Process: facts.Process{StoreBypass: 3, IndirectBranch: 4}}
	if got := Speculation(p, f); !slices.Equal(got, []Field{{"Speculation_Store_Bypass", "thread force mitigated"}}) {
		t.Errorf("%+v", got)
	}
}
