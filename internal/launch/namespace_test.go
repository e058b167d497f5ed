package launch

import (
	"slices"
	"strings"
	"testing"

	"casemate/internal/exit"
	"casemate/internal/facts"
	"casemate/internal/plan"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// What the holder needs is demanded, or its lack stands in the plan.
func TestNamespacesThatCannotBeMade(t *testing.T) {
	hostRoot := func(p *sealed.Policy) { p.Namespaces.UIDs[0].Outside = 0 }
	alone := func(p *sealed.Policy) {
		n := &p.Namespaces
		n.New, n.UIDs, n.GIDs = n.New&^unix.CLONE_NEWUSER, nil, nil
		p.Root.IDMap, p.Mounts[1].IDMap = false, false
	}
	drop := func(c int) func(*facts.Facts) { return func(f *facts.Facts) { f.CapPermit &^= 1 << c } }
	without := func(name string) func(*facts.Facts) {
		return func(f *facts.Facts) {
			f.Namespaces = slices.DeleteFunc(f.Namespaces, func(n string) bool { return n == name })
		}
	}
	for _, c := range []struct {
		name   string
		policy func(*sealed.Policy)
		facts  func(*facts.Facts)
		must   string
		prefer string
	}{
		{"no user namespaces", nil, without("user"), "mapped.toml:7: no user namespaces (CONFIG_USER_NS)", ""},
		{"no time namespaces", nil, without("time"), "mapped.toml:7: no time namespaces (CONFIG_TIME_NS, Linux 5.6)", ""},
		{"the host's root", hostRoot, drop(unix.CAP_SETFCAP), "mapped.toml:7: the shim needs CAP_SETFCAP for these namespaces", ""},
		{"the host's root is not mapped", nil, drop(unix.CAP_SETFCAP), "", ""},
		{"time alone", alone, drop(unix.CAP_SYS_TIME), "mapped.toml:7: the shim needs CAP_SYS_TIME for these namespaces", ""},
		{"time of a user namespace", nil, drop(unix.CAP_SYS_TIME), "", ""},
		{"limits", nil, drop(unix.CAP_SYS_RESOURCE), "", "mapped.toml:7: limits of tasks"},
		{"all there", nil, nil, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, f := mapped(), recorded(t, "debian12-apparmor")
			if c.policy != nil {
				c.policy(p)
			}
			if c.facts != nil {
				c.facts(f)
			}
			out, err := Lower(p, f)
			if c.must != "" {
				if out != nil || exit.CodeOf(err) != exit.Lacking || !strings.Contains(err.Error(), c.must) {
					t.Errorf("%d: %v", exit.CodeOf(err), err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(out.Lacks, "; "); (c.prefer == "") != (got == "") || !strings.HasPrefix(got, c.prefer) {
				t.Errorf("lacks %q", got)
			}
			raised := slices.ContainsFunc(out.Holder.Steps, func(s plan.Step) bool { return s.Op == plan.Prlimit64 })
			if user := c.name != "time alone"; raised != (user && c.prefer == "") {
				t.Errorf("limits are raised: %v", raised)
			}
		})
	}
}
