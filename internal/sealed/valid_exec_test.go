package sealed

import (
	"fmt"
	"strings"
	"testing"
)

func TestExec(t *testing.T) {
	refused(t, []refusal{
		{"no argv", func(p *Policy) { p.Exec.Argv = nil }, "argv has 0"},
		{"relative", func(p *Policy) { p.Exec.Argv[0] = "nginx" }, "not absolute"},
		{"not clean", func(p *Policy) { p.Exec.Argv[0] = "/usr/../nginx" }, "not clean"},
		{"root itself", func(p *Policy) { p.Exec.Argv[0] = "/" }, "root itself"},
		{"NUL", func(p *Policy) { p.Exec.Argv[1] = "a\x00b" }, "argv[1] holds a NUL"},
		{"not UTF-8", func(p *Policy) { p.Exec.Argv[1] = "\xc3" }, "argv[1] is not UTF-8"},
		{"128 KiB", func(p *Policy) { p.Exec.Argv[1] = strings.Repeat("a", 1<<17) }, "argv[1] is too long"},
		{"too many", func(p *Policy) { p.Exec.Argv = append(p.Exec.Argv, make([]string, maxStrings)...) }, "strings"},
		{"cwd empty", func(p *Policy) { p.Exec.Cwd = "" }, "cwd"},
		{"cwd relative", func(p *Policy) { p.Exec.Cwd = "." }, "cwd"},
		{"umask", func(p *Policy) { p.Exec.Umask = 0o1000 }, "umask"},
		{"speculation 2", func(p *Policy) { p.Exec.Spec = 4 }, "no such speculation: 0x4"},
		{"oom over", func(p *Policy) { p.Exec.OOMScore = 1001 }, "oom_score_adj"},
		{"oom under", func(p *Policy) { p.Exec.OOMScore = -1001 }, "oom_score_adj"},
		{"oom not set", func(p *Policy) { p.Exec.SetOOM = false }, "oom_score_adj"},
	})
	accepted(t, []refusal{
		{name: "cwd is the root", change: func(p *Policy) { p.Exec.Cwd = "/" }},
		{name: "largest argument", change: func(p *Policy) { p.Exec.Argv[1] = strings.Repeat("a", 1<<17-1) }},
		{name: "empty argument", change: func(p *Policy) { p.Exec.Argv[1] = "" }},
		{name: "no environment", change: func(p *Policy) { p.Exec.Env = nil }},
		{name: "oom zero", change: func(p *Policy) { p.Exec.OOMScore = 0 }},
		{name: "oom not set", change: func(p *Policy) { p.Exec.SetOOM, p.Exec.OOMScore = false, 0 }},
	})
}

func TestIDs(t *testing.T) {
	refused(t, []refusal{
		{"uid -1", func(p *Policy) { p.Exec.UID = noID }, "-1"},
		{"gid -1", func(p *Policy) { p.Exec.GID = noID }, "-1"},
		{"group -1", func(p *Policy) { p.Exec.Groups[1] = noID }, "-1"},
		{"group twice", func(p *Policy) { p.Exec.Groups[1] = 5 }, "ascending"},
		{"group order", func(p *Policy) { p.Exec.Groups[1] = 4 }, "ascending"},
		{"too many groups", func(p *Policy) { p.Exec.Groups = make([]uint32, maxGroups+1) }, "groups"},
	})
	accepted(t, []refusal{
		{name: "largest", change: func(p *Policy) { p.Exec.UID, p.Exec.GID, p.Exec.Groups = noID-1, noID-1, []uint32{0, noID - 1} }},
		{name: "root", change: func(p *Policy) { p.Exec.UID, p.Exec.GID, p.Exec.Groups = 0, 0, nil }},
	})
}

func TestEnv(t *testing.T) {
	env := func(s ...string) func(*Policy) { return func(p *Policy) { p.Exec.Env = s } }
	refused(t, []refusal{
		{"no =", env("PATH"), "KEY=value"},
		{"no key", env("=x"), "KEY=value"},
		{"key with a control character", env("A\nB=x"), "KEY=value"},
		{"NUL", env("A=\x00"), "NUL"},
		{"twice", env("A=1", "A=2"), "ascending"},
		{"order", env("B=1", "A=2"), "ascending"},
		{"too long", env("A=" + strings.Repeat("x", 1<<17)), "too long"},
		{"too many", func(p *Policy) { p.Exec.Env = make([]string, maxStrings+1) }, "strings"},
	})
	accepted(t, []refusal{
		{name: "values", change: env("A=", "A_B==x=", "B=two\nlines")},
		// By key, not by string: '=' sorts after '-' and before letters.
		{name: "order of keys", change: env("A=1", "A-B=1", "A0=1", "AB=1")},
	})
}

func TestRlimits(t *testing.T) {
	limits := func(r ...Rlimit) func(*Policy) { return func(p *Policy) { p.Exec.Rlimits = r } }
	refused(t, []refusal{
		{"no such", limits(Rlimit{Resource: 4}, Rlimit{Resource: 7}, Rlimit{Resource: 16}), "no such resource"},
		{"soft over hard", limits(Rlimit{Resource: 4, Soft: 1}, Rlimit{Resource: 7}), "soft 1 is over hard 0"},
		{"order", limits(Rlimit{Resource: 7}, Rlimit{Resource: 4}), "ascending"},
		{"twice", limits(Rlimit{Resource: 4}, Rlimit{Resource: 4}, Rlimit{Resource: 7}), "ascending"},
		{"no core", limits(Rlimit{Resource: 7}), "core and nofile"},
		{"no nofile", limits(Rlimit{Resource: 4}), "core and nofile"},
		{"none", limits(), "core and nofile"},
		{"neighbours", limits(Rlimit{Resource: 3}, Rlimit{Resource: 8}, Rlimit{Resource: 11}), "core and nofile"},
	})
	all := make([]Rlimit, maxRlimits)
	for i := range all {
		all[i] = Rlimit{Resource: uint32(i), Hard: ^uint64(0), At: fmt.Sprint(i)}
	}
	accepted(t, []refusal{{name: "all", change: limits(all...)}})
}
