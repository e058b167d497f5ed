package seccomp

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// usual are rules as most policies have them.
func usual(allow map[string]Rule, kill map[string]string) Rules {
	return Rules{ActionEPERM, ActionENOSYS, ActionKillProcess, allow, kill}
}

func mustCompile(t testing.TB, arch Arch, r Rules) []byte {
	t.Helper()
	program, err := Compile(arch, r)
	if err != nil {
		t.Fatalf("%s: %v", arch, err)
	}
	return program
}

func TestCompileVerdicts(t *testing.T) {
	r := usual(map[string]Rule{
		"read":   {nil, "a:1"},
		"open":   {nil, "a:2"}, // amd64 only
		"socket": {mustParse(t, "socket", "family == AF_UNIX"), "a:3"},
		"mseal":  {nil, "a:4"}, // newer than libseccomp 2.5
	}, map[string]string{"ptrace": "a:5", "listns": "a:6"})

	for _, c := range []struct {
		name string
		args [maxArgs]uint64
		want Action
	}{
		{"read", [maxArgs]uint64{1, 2, 3}, ActionAllow},
		{"openat", [maxArgs]uint64{}, ActionEPERM},
		{"socket", [maxArgs]uint64{1}, ActionAllow},
		{"socket", [maxArgs]uint64{0xffffffff00000001}, ActionAllow},
		{"socket", [maxArgs]uint64{2}, ActionEPERM},
		{"socket", [maxArgs]uint64{1 << 32}, ActionEPERM},
		{"mseal", [maxArgs]uint64{}, ActionAllow},
		{"listmount", [maxArgs]uint64{}, ActionEPERM},
		{"ptrace", [maxArgs]uint64{}, ActionKillProcess},
		{"listns", [maxArgs]uint64{}, ActionKillProcess},
		{"clone3", [maxArgs]uint64{}, ActionENOSYS},
	} {
		for _, arch := range arches {
			nr, _ := Number(arch, c.name)
			m := newMachine(t, mustCompile(t, arch, r))
			if got := m.run(t, Call{uint32(nr), arch.AuditArch(), c.args}); got != c.want {
				t.Errorf("%s: %s(%#x) = %s, want %s", arch, c.name, c.args, got, c.want)
			}
		}
	}
}

func TestCompileForeign(t *testing.T) {
	r := usual(map[string]Rule{"read": {nil, ""}, "openat": {nil, ""}}, nil)
	amd64, arm64 := newMachine(t, mustCompile(t, AMD64, r)), newMachine(t, mustCompile(t, ARM64, r))
	const i386 = 0x40000003
	for _, c := range []struct {
		m    machine
		what string
		call Call
		want Action
	}{
		{amd64, "i386", Call{NR: 3, Arch: i386}, ActionKillProcess},
		{amd64, "arm64", Call{NR: 63, Arch: ARM64.AuditArch()}, ActionKillProcess},
		{amd64, "x32 read", Call{NR: x32Bit, Arch: AMD64.AuditArch()}, ActionKillProcess},
		{amd64, "x32, high", Call{NR: 0xfffffffe, Arch: AMD64.AuditArch()}, ActionKillProcess},
		{amd64, "-1", Call{NR: 0xffffffff, Arch: AMD64.AuditArch()}, ActionENOSYS},
		{amd64, "too new", Call{NR: 900, Arch: AMD64.AuditArch()}, ActionENOSYS},
		{amd64, "in the gap", Call{NR: 400, Arch: AMD64.AuditArch()}, ActionENOSYS},
		{arm64, "amd64", Call{NR: 0, Arch: AMD64.AuditArch()}, ActionKillProcess},
		{arm64, "arm", Call{NR: 3, Arch: 0x40000028}, ActionKillProcess},
		{arm64, "-1", Call{NR: 0xffffffff, Arch: ARM64.AuditArch()}, ActionENOSYS},
		{arm64, "x32's bit means nothing", Call{NR: x32Bit, Arch: ARM64.AuditArch()}, ActionENOSYS},
		{arm64, "placeholder", Call{NR: 244, Arch: ARM64.AuditArch()}, ActionENOSYS},
		{arm64, "read", Call{NR: 63, Arch: ARM64.AuditArch()}, ActionAllow},
	} {
		if got := c.m.run(t, c.call); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}

// clone3 can be allowed or killed, but only by name.
func TestCompileClone3(t *testing.T) {
	for _, c := range []struct {
		r    Rules
		want Action
	}{
		{usual(nil, nil), ActionENOSYS},
		{usual(map[string]Rule{clone3: {nil, ""}}, nil), ActionAllow},
		{usual(nil, map[string]string{clone3: ""}), ActionKillProcess},
		{Rules{ActionENOSYS, ActionEPERM, ActionKillProcess, nil, nil}, ActionENOSYS},
		{Rules{ActionKillProcess, ActionEPERM, ActionEPERM, nil, nil}, ActionENOSYS},
	} {
		for _, arch := range arches {
			m := newMachine(t, mustCompile(t, arch, c.r))
			if got := m.run(t, Call{NR: 435, Arch: arch.AuditArch()}); got != c.want {
				t.Errorf("%s: %v: %s, want %s", arch, c.r, got, c.want)
			}
		}
	}
}

// Rules without a single allowed call still make a filter: libseccomp up to 2.5.4
// forgets the default action of an empty one at level 2 (libseccomp issue 370).
func TestCompileEmpty(t *testing.T) {
	g := newGenerator(3)
	for _, a := range []Action{ActionEPERM, ActionENOSYS, ActionKillProcess} {
		for _, arch := range arches {
			agree(t, g, arch, Rules{a, ActionEACCES, ActionKillProcess, nil, nil}, 1)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	socket := mustParse(t, "socket", "family == 1")
	var wide []string
	for i := range 7 {
		wide = append(wide, fmt.Sprintf("fd == %d && offset != %d", i, i))
	}
	for _, c := range []struct {
		name string
		arch Arch
		r    Rules
		want string
	}{
		{"no such architecture", "riscv64", usual(nil, nil), `architecture "riscv64"`},
		{"default missing", AMD64, Rules{Unknown: ActionENOSYS, BadArch: ActionKillProcess}, "default = 0x0"},
		{"default allows", AMD64, Rules{ActionAllow, ActionENOSYS, ActionKillProcess, nil, nil}, "default = ALLOW"},
		{"unknown allows", AMD64, Rules{ActionEPERM, ActionAllow, ActionKillProcess, nil, nil}, "unknown = ALLOW"},
		{"bad_arch allows", AMD64, Rules{ActionEPERM, ActionENOSYS, ActionAllow, nil, nil}, "bad_arch = ALLOW"},
		{"another errno", AMD64, Rules{ActionEPERM + 1, ActionENOSYS, ActionKillProcess, nil, nil}, "default = 0x50002"},
		{"kills a thread", AMD64, Rules{ActionEPERM, 0, ActionKillProcess, nil, nil}, "unknown = 0x0"},
		{"unknown name", AMD64, usual(map[string]Rule{"sokcet": {nil, "a:7"}}, nil), `a:7: unknown system call "sokcet"; did you mean socket?`},
		{"unknown name killed", ARM64, usual(nil, map[string]string{"socketcall": "a:8"}), `a:8: unknown system call "socketcall"`},
		{"both", AMD64, usual(map[string]Rule{"read": {nil, "a:9"}}, map[string]string{"read": "a:10"}), "a:9: read is allowed, and killed at a:10"},
		{"another's condition", AMD64, usual(map[string]Rule{"socketpair": {socket, "a:11"}}, nil), "a:11: condition of socketpair: it was parsed for socket"},
		{"no such constant here", ARM64, usual(map[string]Rule{"mmap": {mustParse(t, "mmap", "flags & MAP_32BIT == 0"), "a:12"}}, nil),
			"a:12: condition of mmap: offset 8: \"MAP_32BIT\": no such constant on arm64"},
		{"never", AMD64, usual(map[string]Rule{"socket": {mustParse(t, "socket", "family == 1 && family == 2"), "a:13"}}, nil),
			"a:13: condition of socket: the condition can never hold"},
		{"too long", AMD64, usual(map[string]Rule{
			"lseek":     {mustParse(t, "lseek", strings.Join(wide, " || ")), "a:14"},
			"fallocate": {mustParse(t, "fallocate", strings.Join(wide, " || ")), "a:15"},
			"fadvise64": {mustParse(t, "fadvise64", strings.Join(wide, " || ")), "a:16"},
		}, nil),
			"instructions: the kernel takes 4096"},
	} {
		t.Run(c.name, func(t *testing.T) {
			program, err := Compile(c.arch, c.r)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
			if program != nil {
				t.Error("a program beside the error")
			}
		})
	}
}

// A condition on a system call that libseccomp does not know cannot be compiled.
// No such call has a prototype that conditions can name yet, so the verdict is made
// by hand.
func TestSplitRefusesConditionOnNewCall(t *testing.T) {
	v := verdict{name: "mseal", nr: 462, at: "a:1", action: ActionAllow, when: []Conjunction{{{0, 1, 1}}}}
	if known, err := libraryKnows(AMD64, v.name, v.nr); err != nil || known {
		t.Skipf("libseccomp %s knows mseal", LibraryVersion())
	}
	if _, _, err := split(AMD64, []verdict{v}); err == nil || !strings.Contains(err.Error(), "a:1: condition of mseal: libseccomp") {
		t.Errorf("got error %v", err)
	}
}

func TestCompileIsDeterministic(t *testing.T) {
	for seed := range uint64(8) {
		for _, arch := range arches {
			first := mustCompile(t, arch, newGenerator(seed).rules(t, 60))
			for range 5 {
				if again := mustCompile(t, arch, newGenerator(seed).rules(t, 60)); !bytes.Equal(first, again) {
					t.Fatalf("seed %d, %s: the same rules gave other bytes", seed, arch)
				}
			}
		}
	}
}

func TestLibraryVersion(t *testing.T) {
	var major, minor, micro int
	if n, err := fmt.Sscanf(LibraryVersion(), "%d.%d.%d", &major, &minor, &micro); n != 3 || err != nil || major < 2 {
		t.Errorf("LibraryVersion() = %q", LibraryVersion())
	}
}

func TestParseAction(t *testing.T) {
	for word, want := range map[string]Action{
		"EPERM": 0x50001, "EACCES": 0x5000d, "ENOSYS": 0x50026, "kill": 0x80000000,
	} {
		if got, err := ParseAction(word); err != nil || got != want {
			t.Errorf("ParseAction(%q) = %#x, %v", word, uint32(got), err)
		}
	}
	for _, word := range []string{"", "allow", "ALLOW", "log", "trap", "eperm", "EINVAL", "KILL"} {
		if got, err := ParseAction(word); err == nil {
			t.Errorf("ParseAction(%q) = %s", word, got)
		}
	}
}
