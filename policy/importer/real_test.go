package importer

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"casemate/policy/compile"
	"casemate/policy/filter"
)

// unitOf gives an installed unit.
func unitOf(t *testing.T, name string) Source {
	t.Helper()
	for _, dir := range []string{"/usr/lib/systemd/system/", "/lib/systemd/system/"} {
		if text, err := os.ReadFile(dir + name); err == nil {
			return Source{Name: dir + name, Text: text}
		}
	}
	t.Skipf("%s is not installed", name)
	return Source{}
}

// Debian's own units compile as they are imported.
func TestDebianUnits(t *testing.T) {
	for _, name := range []string{"nginx.service", "redis-server.service"} {
		t.Run(name, func(t *testing.T) {
			r, err := Import(Options{Judge: judge}, unitOf(t, name))
			if err != nil {
				t.Fatal(err)
			}
			accepted(t, r)
			if r.Kind != Systemd || r.Fill > 0 || strings.Contains(string(r.Text), "[why]\n") {
				t.Errorf("%s: %s\n%s", r.Kind, r.Summary(), r.Text)
			}
		})
	}
}

// What redis-server's unit denies stays denied, with every reason given.
func TestDebianRedisConfines(t *testing.T) {
	s := unitOf(t, "redis-server.service")
	if !strings.Contains(string(s.Text), "SystemCallFilter=~ @privileged @resources") {
		t.Skip("another redis-server.service than Debian 12's")
	}
	r, err := Import(Options{Judge: judge, Why: "as Debian has it"}, s)
	if err != nil {
		t.Fatal(err)
	}
	rules := compiled(t, r.Text)
	verdict := func(name string, args ...uint64) bool {
		nr, ok := filter.Number(filter.AMD64, name)
		if !ok {
			t.Fatal(name)
		}
		c := filter.Call{NR: uint32(nr), Arch: filter.AMD64.AuditArch()}
		copy(c.Args[:], args)
		return rules.Decide(filter.AMD64, c) == filter.ActionAllow
	}
	for _, name := range []string{"chroot", "setuid", "chown", "reboot", "mount", "ptrace", "personality", "clock_settime", "sched_setscheduler", "setns", "unshare", "bpf"} {
		if verdict(name) {
			t.Errorf("%s is allowed", name)
		}
	}
	for _, c := range []struct {
		name string
		args []uint64
		want bool
	}{
		{"socket", []uint64{1}, true}, {"socket", []uint64{2}, true}, {"socket", []uint64{16}, false}, {"socket", []uint64{17}, false},
		{"mprotect", []uint64{0, 0, 3}, true}, {"mprotect", []uint64{0, 0, 4}, false}, {"epoll_wait", nil, true}, {"io_setup", nil, true},
		{"clone", []uint64{0x10000000}, false}, {"clone", []uint64{17}, true},
	} {
		if verdict(c.name, c.args...) != c.want {
			t.Errorf("%s%x is allowed: %v", c.name, c.args, !c.want)
		}
	}
}

// The groups are those that systemd lists.
func TestSystemdGroups(t *testing.T) {
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	out, err := exec.Command(tool, "syscall-filter").Output()
	if err != nil {
		t.Skipf("systemd-analyze: %v", err)
	}
	version, _ := exec.Command(tool, "--version").Output()
	if !strings.HasPrefix(string(version), "systemd 252 ") {
		t.Skipf("the groups are those of systemd 252, here is %.20s", version)
	}
	group, n := "", 0
	for line := range strings.Lines(string(out)) {
		switch name := strings.TrimSpace(line); {
		case name == "" || strings.HasPrefix(name, "#"):
		case strings.HasPrefix(line, "@"):
			group = name
		case group == "@known":
		case strings.HasPrefix(name, "@") || filter.Known(name):
			n++
			if !slices.Contains(systemdGroups()[group], name) {
				t.Errorf("%s lacks %s", group, name)
			}
		}
	}
	ours := 0
	for name, members := range systemdGroups() {
		ours += len(members)
		for _, m := range members {
			if len(expand(m)) == 0 {
				t.Errorf("%s has %s, which is nothing", name, m)
			}
		}
	}
	if n == 0 || ours != n {
		t.Errorf("%d members, systemd has %d", ours, n)
	}
}

// A reason that the compiler refuses is an error, and no endless talk.
func TestReasonIsRefused(t *testing.T) {
	_, err := Import(Options{Judge: judge, Why: "because"}, Source{Name: "x.service", Text: []byte("[Service]\nExecStart=/usr/bin/x\n")})
	if err == nil || err.Error() != `the reason "because": too short for a reason` {
		t.Error(err)
	}
}

// Sources near the limit end, whatever they repeat.
func TestLargeSources(t *testing.T) {
	names := filter.Names()
	fill := func(head, each, tail string) string {
		var b strings.Builder
		b.WriteString(head)
		for n := 0; b.Len() < MaxSource-len(each)-len(tail)-8 && n < 19990; n++ {
			b.WriteString(strings.ReplaceAll(each, "#", names[n%300]+strings.Repeat("x", n/300%7)))
		}
		return b.String() + tail
	}
	rule := `{"names":["lseek"],"action":"SCMP_ACT_ERRNO","args":[{"index":1,"value":7,"op":"SCMP_CMP_GT"}]},`
	for name, c := range map[string]struct {
		kind Kind
		text string
	}{
		"denials":   {OCISeccomp, fill(allowRead, rule, `{"names":["read"],"action":"SCMP_ACT_ALLOW"}]}`)},
		"names":     {OCISeccomp, fill(allowRead+`{"action":"SCMP_ACT_ALLOW","names":["read"`, `,"#"`, `]}]}`)},
		"lines":     {OCISeccomp, `{"defaultAction":` + strings.Repeat("\n", MaxSource-200) + `"SCMP_ACT_ERRNO"}`},
		"groups":    {OCIConfig, fill(`{"ociVersion":"1.0.0","process":{"user":{"additionalGids":[1`, `,77`, `]}}}`)},
		"masks":     {OCIConfig, fill(`{"ociVersion":"1.0.0","linux":{"maskedPaths":["/a"`, `,"/#"`, `]}}`)},
		"mounts":    {OCIConfig, fill(`{"ociVersion":"1.0.0","mounts":[{}`, `,{"destination":"/#","source":"/#","options":["bind"]}`, `]}`)},
		"clauses":   {Minijail, fill("@frequency ./x\n", "lseek: { arg1 > 7; return 1, arg1 < 3 }\n", "")},
		"constants": {Minijail, fill("", "{lseek}: arg1 == C_#\n", "")},
		"keys":      {Systemd, fill("[Service]\n", "K-#=1\n", "")},
		"paths":     {Systemd, fill("[Service]\nExecStart=/bin/x\n", "ReadOnlyPaths=/a/# /b/#\nReadWritePaths=/a/#\n", "")},
		"resets":    {Systemd, fill("[Service]\n", "Environment=\nEnvironment=A=#\n", "")},
		"calls":     {Systemd, fill("[Service]\n", "SystemCallFilter=~@known # @system-service\n", "")},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			_, err := Import(Options{Kind: c.kind, Judge: func(text []byte) ([]Need, error) {
				if calls++; calls > 8 { // the later rounds are like these
					return nil, nil
				}
				_, err := compile.Judge("imported.toml", text, compile.Options{Passwd: "../testdata/passwd", Group: "../testdata/group"})
				return nil, err
			}}, Source{Name: "x", Text: []byte(c.text)})
			if err != nil && len(err.Error()) > 1<<12 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
}
