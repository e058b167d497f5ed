package seccomp

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"casemate/policy/filter"
)

// usual are rules as most policies have them.
func usual(allow map[string]filter.Rule, kill map[string]string) filter.Rules {
	return filter.Rules{Default: filter.ActionEPERM, Unknown: filter.ActionENOSYS, BadArch: filter.ActionKillProcess, Allow: allow, Kill: kill}
}

// mustCompile demands programs of both makers.
func mustCompile(t testing.TB, arch filter.Arch, r filter.Rules) []Program {
	t.Helper()
	programs, err := Compile(arch, r)
	if err != nil {
		t.Fatalf("%s: %v", arch, err)
	}
	if len(programs) != 2 || programs[0].By != Own || programs[1].By != "libseccomp "+LibraryVersion() {
		t.Fatalf("%s: %d programs", arch, len(programs))
	}
	return programs
}

func TestCompileVerdicts(t *testing.T) {
	r := usual(map[string]filter.Rule{
		"read":   {When: nil, At: "a:1"},
		"open":   {When: nil, At: "a:2"}, // amd64 only
		"socket": {When: mustParse(t, "socket", "family == AF_UNIX"), At: "a:3"},
		"mseal":  {When: nil, At: "a:4"}, // newer than libseccomp 2.5
	}, map[string]string{"ptrace": "a:5", "listns": "a:6"})

	for _, c := range []struct {
		name string
		args [filter.MaxArgs]uint64
		want filter.Action
	}{
		{"read", [filter.MaxArgs]uint64{1, 2, 3}, filter.ActionAllow},
		{"openat", [filter.MaxArgs]uint64{}, filter.ActionEPERM},
		{"socket", [filter.MaxArgs]uint64{1}, filter.ActionAllow},
		{"socket", [filter.MaxArgs]uint64{0xffffffff00000001}, filter.ActionAllow},
		{"socket", [filter.MaxArgs]uint64{2}, filter.ActionEPERM},
		{"socket", [filter.MaxArgs]uint64{1 << 32}, filter.ActionEPERM},
		{"mseal", [filter.MaxArgs]uint64{}, filter.ActionAllow},
		{"listmount", [filter.MaxArgs]uint64{}, filter.ActionEPERM},
		{"ptrace", [filter.MaxArgs]uint64{}, filter.ActionKillProcess},
		{"listns", [filter.MaxArgs]uint64{}, filter.ActionKillProcess},
		{"clone3", [filter.MaxArgs]uint64{}, filter.ActionENOSYS},
	} {
		for _, arch := range filter.Arches() {
			nr, _ := filter.Number(arch, c.name)
			for _, p := range mustCompile(t, arch, r) {
				m := newMachine(t, p.Bytes)
				if got := m.run(t, filter.Call{NR: uint32(nr), Arch: arch.AuditArch(), Args: c.args}); got != c.want {
					t.Errorf("%s by %s: %s(%#x) = %s, want %s", arch, p.By, c.name, c.args, got, c.want)
				}
			}
		}
	}
}

func TestCompileForeign(t *testing.T) {
	r := usual(map[string]filter.Rule{"read": {When: nil, At: ""}, "openat": {When: nil, At: ""}}, nil)
	amd64, arm64 := mustCompile(t, filter.AMD64, r), mustCompile(t, filter.ARM64, r)
	const i386 = 0x40000003
	for _, c := range []struct {
		by   []Program
		what string
		call filter.Call
		want filter.Action
	}{
		{amd64, "i386", filter.Call{NR: 3, Arch: i386}, filter.ActionKillProcess},
		{amd64, "arm64", filter.Call{NR: 63, Arch: filter.ARM64.AuditArch()}, filter.ActionKillProcess},
		{amd64, "x32 read", filter.Call{NR: filter.X32Bit, Arch: filter.AMD64.AuditArch()}, filter.ActionKillProcess},
		{amd64, "x32, high", filter.Call{NR: 0xfffffffe, Arch: filter.AMD64.AuditArch()}, filter.ActionKillProcess},
		{amd64, "-1", filter.Call{NR: 0xffffffff, Arch: filter.AMD64.AuditArch()}, filter.ActionENOSYS},
		{amd64, "too new", filter.Call{NR: 900, Arch: filter.AMD64.AuditArch()}, filter.ActionENOSYS},
		{amd64, "in the gap", filter.Call{NR: 400, Arch: filter.AMD64.AuditArch()}, filter.ActionENOSYS},
		{arm64, "amd64", filter.Call{NR: 0, Arch: filter.AMD64.AuditArch()}, filter.ActionKillProcess},
		{arm64, "arm", filter.Call{NR: 3, Arch: 0x40000028}, filter.ActionKillProcess},
		{arm64, "-1", filter.Call{NR: 0xffffffff, Arch: filter.ARM64.AuditArch()}, filter.ActionENOSYS},
		{arm64, "x32's bit means nothing", filter.Call{NR: filter.X32Bit, Arch: filter.ARM64.AuditArch()}, filter.ActionENOSYS},
		{arm64, "placeholder", filter.Call{NR: 244, Arch: filter.ARM64.AuditArch()}, filter.ActionENOSYS},
		{arm64, "read", filter.Call{NR: 63, Arch: filter.ARM64.AuditArch()}, filter.ActionAllow},
	} {
		for _, p := range c.by {
			if got := newMachine(t, p.Bytes).run(t, c.call); got != c.want {
				t.Errorf("%s by %s: %s, want %s", c.what, p.By, got, c.want)
			}
		}
	}
}

// clone3 can be allowed or killed, but only by name.
func TestCompileClone3(t *testing.T) {
	for _, c := range []struct {
		r    filter.Rules
		want filter.Action
	}{
		{usual(nil, nil), filter.ActionENOSYS},
		{usual(map[string]filter.Rule{filter.Clone3: {When: nil, At: ""}}, nil), filter.ActionAllow},
		{usual(nil, map[string]string{filter.Clone3: ""}), filter.ActionKillProcess},
		{filter.Rules{Default: filter.ActionENOSYS, Unknown: filter.ActionEPERM, BadArch: filter.ActionKillProcess, Allow: nil, Kill: nil}, filter.ActionENOSYS},
		{filter.Rules{Default: filter.ActionKillProcess, Unknown: filter.ActionEPERM, BadArch: filter.ActionEPERM, Allow: nil, Kill: nil}, filter.ActionENOSYS},
	} {
		for _, arch := range filter.Arches() {
			for _, p := range mustCompile(t, arch, c.r) {
				if got := newMachine(t, p.Bytes).run(t, filter.Call{NR: 435, Arch: arch.AuditArch()}); got != c.want {
					t.Errorf("%s by %s: %v: %s, want %s", arch, p.By, c.r, got, c.want)
				}
			}
		}
	}
}

// Rules without a single allowed call still make a filter: libseccomp up to 2.5.4
// forgets the default action of an empty one at level 2 (libseccomp issue 370).
func TestCompileEmpty(t *testing.T) {
	g := newGenerator(3)
	for _, a := range []filter.Action{filter.ActionEPERM, filter.ActionENOSYS, filter.ActionKillProcess} {
		for _, arch := range filter.Arches() {
			agree(t, g, arch, filter.Rules{Default: a, Unknown: filter.ActionEACCES, BadArch: filter.ActionKillProcess, Allow: nil, Kill: nil}, 1)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	socket := mustParse(t, "socket", "family == 1")
	long := usual(map[string]filter.Rule{}, nil)
	for n, name := range strings.Fields("kill tkill lseek setns unshare kcmp getpgid msgget semget shmget") {
		a := filter.Args(filter.AMD64, name)[0].Names[0]
		var values []string
		for i := range 500 {
			values = append(values, fmt.Sprint(i*3+1000+n))
		}
		long.Allow[name] = filter.Rule{When: mustParse(t, name, a+" in {"+strings.Join(values, ",")+"}"), At: "a:14"}
	}
	for _, c := range []struct {
		name string
		arch filter.Arch
		r    filter.Rules
		want string
	}{
		{"no such architecture", "riscv64", usual(nil, nil), `architecture "riscv64"`},
		{"default missing", filter.AMD64, filter.Rules{Unknown: filter.ActionENOSYS, BadArch: filter.ActionKillProcess}, "default = KILL_THREAD"},
		{"default allows", filter.AMD64, filter.Rules{Default: filter.ActionAllow, Unknown: filter.ActionENOSYS, BadArch: filter.ActionKillProcess, Allow: nil, Kill: nil}, "default = ALLOW"},
		{"unknown allows", filter.AMD64, filter.Rules{Default: filter.ActionEPERM, Unknown: filter.ActionAllow, BadArch: filter.ActionKillProcess, Allow: nil, Kill: nil}, "unknown = ALLOW"},
		{"bad_arch allows", filter.AMD64, filter.Rules{Default: filter.ActionEPERM, Unknown: filter.ActionENOSYS, BadArch: filter.ActionAllow, Allow: nil, Kill: nil}, "bad_arch = ALLOW"},
		{"another errno", filter.AMD64, filter.Rules{Default: filter.ActionEPERM + 1, Unknown: filter.ActionENOSYS, BadArch: filter.ActionKillProcess, Allow: nil, Kill: nil}, "default = ERRNO(ENOENT)"},
		{"kills a thread", filter.AMD64, filter.Rules{Default: filter.ActionEPERM, Unknown: 0, BadArch: filter.ActionKillProcess, Allow: nil, Kill: nil}, "unknown = KILL_THREAD"},
		{"unknown name", filter.AMD64, usual(map[string]filter.Rule{"sokcet": {When: nil, At: "a:7"}}, nil), `a:7: unknown system call "sokcet"; did you mean socket?`},
		{"unknown name killed", filter.ARM64, usual(nil, map[string]string{"socketcall": "a:8"}), `a:8: unknown system call "socketcall"`},
		{"both", filter.AMD64, usual(map[string]filter.Rule{"read": {When: nil, At: "a:9"}}, map[string]string{"read": "a:10"}), "a:9: read is allowed, and killed at a:10"},
		{"another's condition", filter.AMD64, usual(map[string]filter.Rule{"socketpair": {When: socket, At: "a:11"}}, nil), "a:11: condition of socketpair: it was parsed for socket"},
		{"no such constant here", filter.ARM64, usual(map[string]filter.Rule{"mmap": {When: mustParse(t, "mmap", "flags & MAP_32BIT == 0"), At: "a:12"}}, nil),
			"a:12: condition of mmap: offset 8: \"MAP_32BIT\": no such constant on arm64"},
		{"never", filter.AMD64, usual(map[string]filter.Rule{"socket": {When: mustParse(t, "socket", "family == 1 && family == 2"), At: "a:13"}}, nil),
			"a:13: condition of socket: the condition can never hold"},
		{"too long", filter.AMD64, long, "instructions: the kernel takes 4096"},
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

// A condition on a system call that libseccomp does not know is ours alone to compile.
// No such call has a prototype that conditions can name yet, so the verdict is made
// by hand.
func TestLibraryIsUnable(t *testing.T) {
	v := verdict{name: "mseal", nr: 462, at: "a:1", action: filter.ActionAllow, when: []Conjunction{{{0, 1, 1}}}}
	if known, err := libraryKnows(filter.AMD64, v.name, v.nr); err != nil || known {
		t.Skipf("libseccomp %s knows mseal", LibraryVersion())
	}
	var cannot unable
	if _, err := withLibrary(filter.AMD64, usual(nil, nil), []verdict{v}, optimize); !errors.As(err, &cannot) || !strings.Contains(err.Error(), "it does not know mseal") {
		t.Errorf("got error %v", err)
	}
}

func TestCompileIsDeterministic(t *testing.T) {
	for seed := range uint64(8) {
		for _, arch := range filter.Arches() {
			first := mustCompile(t, arch, newGenerator(seed).Rules(t, 60))
			for range 5 {
				if again := mustCompile(t, arch, newGenerator(seed).Rules(t, 60)); !reflect.DeepEqual(first, again) {
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
	for word, want := range map[string]filter.Action{
		"EPERM": 0x50001, "EACCES": 0x5000d, "ENOSYS": 0x50026, "kill": 0x80000000,
	} {
		if got, err := filter.ParseAction(word); err != nil || got != want {
			t.Errorf("ParseAction(%q) = %#x, %v", word, uint32(got), err)
		}
	}
	for _, word := range []string{"", "allow", "ALLOW", "log", "trap", "eperm", "EINVAL", "KILL"} {
		if got, err := filter.ParseAction(word); err == nil {
			t.Errorf("ParseAction(%q) = %s", word, got)
		}
	}
}
