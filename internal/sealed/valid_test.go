package sealed

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// refusal changes a valid policy into one that has to be refused, for a reason
// that holds the text.
type refusal struct {
	name   string
	change func(p *Policy)
	want   string
}

// refused checks the refusals, of Validate itself and of both ways into a file.
func refused(t *testing.T, tests []refusal) {
	t.Helper()
	for _, test := range tests {
		p := full()
		test.change(p)
		err := Validate(p)
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
			continue
		}
		if s := err.Error(); len(s) > 600 || strings.ContainsAny(s, "\n\x00\x1b") {
			t.Errorf("%s: not one printable line: %q", test.name, s)
		}
		if _, err := Encode(p, nil); err == nil {
			t.Errorf("%s: sealed", test.name)
		}
		crafted(t, test.name, p)
	}
}

// accepted checks that the change alone is no reason to refuse.
func accepted(t *testing.T, tests []refusal) {
	t.Helper()
	for _, test := range tests {
		p := full()
		test.change(p)
		roundTrip(t, p, nil)
		if t.Failed() {
			t.Fatalf("%s", test.name)
		}
	}
}

func TestNames(t *testing.T) {
	service := func(name string) func(*Policy) {
		return func(p *Policy) { p.Service, p.LSM.AppArmor.Text = name, "casemate-"+name }
	}
	refused(t, []refusal{
		{"no service", func(p *Policy) { p.Service = "" }, "service"},
		{"upper case", func(p *Policy) { p.Service = "Nginx" }, "service"},
		{"hidden file", func(p *Policy) { p.Service = ".." }, "service"},
		{"slash", func(p *Policy) { p.Service = "a/b" }, "service"},
		{"64 characters", func(p *Policy) { p.Service = strings.Repeat("a", 64) }, "service"},
		{"line end", func(p *Policy) { p.Service = "a\n" }, "service"},
		{"input kind", func(p *Policy) { p.Inputs[0].Kind = "image" }, "no such kind: image"},
		{"input without name", func(p *Policy) { p.Inputs[0].Name = "" }, "is empty"},
		{"input name", func(p *Policy) { p.Inputs[0].Name = "a\x1b[2J" }, "control character"},
		{"input twice", func(p *Policy) { p.Inputs[1] = p.Inputs[0] }, "twice"},
		{"too many inputs", func(p *Policy) {
			for i := range maxInputs {
				p.Inputs = append(p.Inputs, Input{Kind: "group", Name: fmt.Sprint(i)})
			}
		}, "inputs"},
		{"place with a line end", func(p *Policy) { p.Mounts[1].At = "x\ny" }, "place"},
		{"place of a limit", func(p *Policy) { p.Limits[1].At = "\x7f" }, "place"},
		{"place of a rlimit", func(p *Policy) { p.Exec.Rlimits[0].At = "\x00" }, "place"},
		{"place of a symlink", func(p *Policy) { p.Root.Symlinks[0].At = "\r" }, "place"},
		{"place of a mask", func(p *Policy) { p.Masks[0].At = "\u2028" }, "place"},
		{"place of a read-only path", func(p *Policy) { p.ReadOnly[0].At = "\xff" }, "place"},
		{"place of a label", func(p *Policy) { p.LSM.SELinux.At = strings.Repeat("x", 5000) }, "place"},
	})
	accepted(t, []refusal{
		{name: "63 characters", change: service(strings.Repeat("a", 63))},
		{name: "all kinds of characters", change: service("0a.b_c-d")},
		{name: "no places", change: func(p *Policy) { p.Mounts[1].At = "" }},
	})
}

func TestNamespaces(t *testing.T) {
	refused(t, []refusal{
		{"other clone flags", func(p *Policy) { p.Namespaces.New |= 0x100 }, "0x100"},      // CLONE_VM
		{"over 32 bits", func(p *Policy) { p.Namespaces.New |= 1 << 33 }, "no such flags"}, // CLONE_INTO_CGROUP
		{"shared pid", func(p *Policy) { p.Namespaces.New &^= cloneNewPID }, "PID and mount"},
		{"shared mount", func(p *Policy) { p.Namespaces.New &^= cloneNewNS }, "PID and mount"},
		{"hostname of the host", func(p *Policy) { p.Namespaces.New &^= cloneNewUTS }, "without a UTS"},
		{"no hostname", func(p *Policy) { p.Namespaces.Hostname = "" }, "hostname"},
		{"long hostname", func(p *Policy) { p.Namespaces.Hostname = strings.Repeat("a.", 32) + "a" }, "hostname"},
		{"empty label", func(p *Policy) { p.Namespaces.Hostname = "a..b" }, "label"},
		{"leading dash", func(p *Policy) { p.Namespaces.Hostname = "-a" }, "label"},
		{"underscore", func(p *Policy) { p.Namespaces.Hostname = "a_b" }, "letters"},
		{"space", func(p *Policy) { p.Namespaces.Hostname = "a b" }, "letters"},
		{"dash as a letter", func(p *Policy) { p.Namespaces.Hostname = "a\rb" }, "letters"}, // '\r' | 0x20 is '-'
		{"dotted end", func(p *Policy) { p.Namespaces.Hostname = "a." }, "label"},
	})
	accepted(t, []refusal{
		{name: "64 characters", change: func(p *Policy) { p.Namespaces.Hostname = strings.Repeat("a.", 31) + "Z9" }},
		{name: "shared uts", change: func(p *Policy) { p.Namespaces.New &^= cloneNewUTS; p.Namespaces.Hostname = "" }},
	})
}

func TestCapabilities(t *testing.T) {
	refused(t, []refusal{
		{"ambient without keep", func(p *Policy) { p.Caps.Ambient |= 1 << 21 }, "0x200000 is not kept"},
		{"capability 63", func(p *Policy) { p.Caps.Keep |= 1 << 63 }, "63"},
	})
	accepted(t, []refusal{
		{name: "none", change: func(p *Policy) { p.Caps.Keep, p.Caps.Ambient = 0, 0 }},
		{name: "all", change: func(p *Policy) { p.Caps.Keep, p.Caps.Ambient = 1<<63-1, 1<<63-1 }},
	})
}

func TestSignals(t *testing.T) {
	forward := func(f ...Forward) func(*Policy) { return func(p *Policy) { p.Signals.Forward = f } }
	refused(t, []refusal{
		{"from 0", forward(Forward{0, 1}), "range"},
		{"from 65", forward(Forward{65, 1}), "range"},
		{"to 65", forward(Forward{1, 65}), "range"},
		{"kill", forward(Forward{9, 15}), "cannot be forwarded"},
		{"stop", forward(Forward{19, 15}), "cannot be forwarded"},
		{"child", forward(Forward{17, 15}), "cannot be forwarded"},
		{"twice", forward(Forward{15, 1}, Forward{15, 2}), "ascending"},
		{"order", forward(Forward{15, 1}, Forward{1, 2}), "ascending"},
		{"scope", func(p *Policy) { p.Signals.Scope = ScopeLimit }, "scope"},
		{"stop 0", func(p *Policy) { p.Signals.Stop = 0 }, "stops nothing"},
		{"stop 65", func(p *Policy) { p.Signals.Stop = 65 }, "stops nothing"},
		{"stop STOP", func(p *Policy) { p.Signals.Stop = sigStop }, "stops nothing"},
		{"grace", func(p *Policy) { p.Signals.Grace = MaxGrace + 1 }, "a grace of"},
	})
	accepted(t, []refusal{
		{name: "none", change: forward()},
		{name: "every process", change: func(p *Policy) { p.Signals.Scope = ScopeAll }},
		{name: "the last stop, no grace", change: func(p *Policy) { p.Signals.Stop, p.Signals.Grace = 64, 0 }},
		{name: "KILL, a day", change: func(p *Policy) { p.Signals.Stop, p.Signals.Grace = sigKill, MaxGrace }},
		{name: "to kill, and dropped", change: forward(Forward{1, 0}, Forward{15, 9}, Forward{64, 64})},
	})
}

func TestLabels(t *testing.T) {
	apparmor := func(s string) func(*Policy) {
		return func(p *Policy) { p.LSM.AppArmor.Text, p.LSM.Profile = s, Profile{} }
	}
	profile := func(change func(*Profile)) func(*Policy) { return func(p *Policy) { change(&p.LSM.Profile) } }
	selinux := func(s string) func(*Policy) {
		return func(p *Policy) { p.LSM.SELinux.Text, p.LSM.Contexts = s, Contexts{} }
	}
	files := func(s string) func(*Policy) { return func(p *Policy) { p.LSM.Contexts.Files = s } }
	auto := func(s string) func(*Policy) {
		return func(p *Policy) { p.LSM.SELinux.Text, p.LSM.Contexts.Auto = s, true }
	}
	refused(t, []refusal{
		{"stack", apparmor("a//&b"), "stacks"},
		{"line end", apparmor("a\n"), "control"},
		{"NUL", apparmor("a\x00b"), "control"},
		{"4097 bytes", apparmor(strings.Repeat("a", 4097)), "too long"},
		{"white space", apparmor(" a"), "white space"},
		{"required and none", apparmor(""), "required"},
		{"another namespace", apparmor(":host:a"), "another namespace"},
		{"another namespace, short", apparmor("host://a"), "another namespace"},
		{"another's generated profile", func(p *Policy) { p.LSM.AppArmor.Text = "casemate-other" }, "a generated profile is casemate-nginx"},
		{"profile without its binary", profile(func(f *Profile) { f.Binaries = nil }), "without its binary form"},
		{"profile for two features", profile(func(f *Profile) { f.Binaries = append(f.Binaries, f.Binaries...) }), "2 binaries"},
		{"profile of nothing", profile(func(f *Profile) { f.Binaries[0].Bytes = nil }), "profile of 0 bytes"},
		{"profile too large", profile(func(f *Profile) { f.Binaries[0].Bytes = make([]byte, maxBinary+1) }), "profile of 262145 bytes"},
		{"profile for no features", profile(func(f *Profile) { f.Binaries[0].ABI = "" }), "abi of the profile is empty"},
		{"profile for two lines", profile(func(f *Profile) { f.Binaries[0].ABI = "3\n0" }), "abi of the profile holds a control"},
		{"context of two", selinux("a:b"), "user:role:type"},
		{"context with a hole", selinux("a::c:s0"), "user:role:type"},
		{"context without level", selinux("a:b:c:"), "user:role:type"},
		{"context with a space", selinux("a:b:c d:s0"), "user:role:type"},
		{"context with a line end", selinux("a:b:c:s0\n"), "control"},
		{"context required and none", selinux(""), "required"},
		{"automatic level without a sensitivity", auto("u:r:t"), "does not end in a sensitivity"},
		{"automatic level beside categories", auto("u:r:t:s0:c1"), "does not end in a sensitivity"},
		{"automatic level beside a range", auto("u:r:t:s0-s1"), "does not end in a sensitivity"},
		{"files of two", files("u:r"), "is not user:role:type"},
		{"files with a level", files("u:r:t:s0"), "is not user:role:type"},
		{"files with a hole", files("u::t"), "is not user:role:type"},
		{"files with a line end", files("u:r:t\n"), "control"},
		{"files of a label without a level", func(p *Policy) { p.LSM.SELinux.Text, p.LSM.Contexts.Auto = "u:r:t", false }, "beside a label with a level"},
	})
	accepted(t, []refusal{
		{name: "4096 bytes", change: apparmor(strings.Repeat("a", 4096))},
		{name: "child profile", change: apparmor("a//b")},
		{name: "no levels", change: selinux("system_u:system_r:container_t")},
		{name: "none", change: func(p *Policy) { p.LSM = LSM{} }},
	})
}

func TestLimits(t *testing.T) {
	limit := func(file, value string) func(*Policy) {
		return func(p *Policy) { p.Limits[0].File, p.Limits[0].Value = file, value }
	}
	refused(t, []refusal{
		{"other file", limit("cgroup.procs", "1"), "no such cgroup file"},
		{"path", limit("../memory.max", "1"), "no such cgroup file"},
		{"two lines", limit("memory.max", "1\n2"), "plain line"},
		{"empty", limit("memory.max", ""), "plain line"},
		{"white space", limit("memory.max", "1 "), "plain line"},
		{"twice", limit("cpu.max", "max"), "written twice"},
		{"device twice", func(p *Policy) { p.Limits[3] = p.Limits[2] }, "written twice"},
		{"too many", func(p *Policy) {
			for i := range maxLimits {
				p.Limits = append(p.Limits, Limit{File: "io.max", Value: fmt.Sprintf("9:%d riops=1", i)})
			}
		}, "cgroup limits"},
	})
	accepted(t, []refusal{
		{name: "none", change: func(p *Policy) { p.Limits = nil }},
		{name: "largest", change: limit("pids.max", strings.Repeat("9", maxLine))},
	})
}
