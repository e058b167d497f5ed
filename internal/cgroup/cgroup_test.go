package cgroup

import (
	"testing"

	"casemate/internal/facts"
	"casemate/internal/plan"
	"casemate/internal/sealed"

	"github.com/google/go-cmp/cmp"
)

func policy() *sealed.Policy {
	return &sealed.Policy{Service: "web", Limits: []sealed.Limit{
		{File: "io.max", Value: "8:0 rbps=1", At: "p:1"}, {File: "io.max", Value: "8:16 rbps=1", At: "p:2"},
		{File: "memory.high", Value: "1", At: "p:3"}, {File: "memory.oom.group", Value: "1", At: "p:4"},
	}}
}

func TestLower(t *testing.T) {
	f := &facts.Facts{Cgroup: facts.Cgroup{Mount: "/sys/fs/cgroup", Own: "/", Controllers: []string{"memory", "io"}}}
	got, missing := Lower(policy(), f)
	want := plan.Cgroup{Name: "casemate-web", Controllers: []string{"io", "memory"}, Files: []plan.File{
		{Name: "io.max", Value: "8:0 rbps=1", At: "p:1"}, {Name: "io.max", Value: "8:16 rbps=1", At: "p:2"},
		{Name: "memory.high", Value: "1", At: "p:3"}, {Name: "memory.oom.group", Value: "1", At: "p:4"},
	}}
	if d := cmp.Diff(want, got); d != "" || missing != nil {
		t.Errorf("missing %q\n%s", missing, d)
	}
}

// Without limits nothing but the group itself is asked of the host.
func TestLowerWithoutLimits(t *testing.T) {
	got, missing := Lower(&sealed.Policy{Service: "x"}, &facts.Facts{Cgroup: facts.Cgroup{Mount: "/c", Own: "/"}})
	if d := cmp.Diff(plan.Cgroup{Name: "casemate-x"}, got); d != "" || missing != nil {
		t.Errorf("missing %q\n%s", missing, d)
	}
}

// Each controller that is not there is missed once, at the first line that needs it.
func TestLowerMisses(t *testing.T) {
	for _, c := range []struct {
		name   string
		cgroup facts.Cgroup
		want   []string
	}{
		{"no hierarchy", facts.Cgroup{}, []string{"cgroup v2 is not mounted"}},
		{"one controller", facts.Cgroup{Mount: "/c", Own: "/own", Controllers: []string{"memory"}}, []string{`p:1: the cgroup v2 controller "io" is not available in /c/own`}},
		{"none", facts.Cgroup{Mount: "/c", Own: "/"}, []string{`p:1: the cgroup v2 controller "io" is not available in /c/`, `p:3: the cgroup v2 controller "memory" is not available in /c/`}},
		{"threads alone", facts.Cgroup{Mount: "/c", Own: "/own", Controllers: []string{"io", "memory"}, Type: "threaded"}, []string{`a domain for the shim: cgroup.type of /c/own is "threaded", and no process can be born in a cgroup below it`}},
	} {
		if _, missing := Lower(policy(), &facts.Facts{Cgroup: c.cgroup}); !cmp.Equal(missing, c.want) {
			t.Errorf("%s: %q", c.name, missing)
		}
	}
}

func TestController(t *testing.T) {
	for file, want := range map[string]string{"memory.max": "memory", "memory.oom.group": "memory", "cpuset.cpus": "cpuset", "pids.max": "pids"} {
		if got := Controller(file); got != want {
			t.Errorf("%s belongs to %s", file, got)
		}
	}
}
