package explain

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casemate/policy/compile"
	"casemate/policy/filter"
)

var accounts = compile.Options{Passwd: "../testdata/passwd", Group: "../testdata/group"}

const policy = `policy  = 1
service = "one"
extends = ["base/daemon"]

[exec]
argv = ["/usr/bin/one"]

[root]
symlinks = { "/lib" = "usr/lib", "/loop" = "loop", "/up" = "/lib" }

[mounts]
bind = [{ from = "/usr", exec = true }, { from = "/data", writable = true, recursive = true }]
tmpfs = [{ at = "/run/one", size = "64K" }]

[masks]
mask = ["/usr/share/secret/"]
readonly = ["/data/fixed/"]
unmask = ["/proc/kcore"]

[capabilities]
keep = ["NET_BIND_SERVICE", "KILL"]
ambient = ["KILL"]

[seccomp]
allow = ["personality", "mprotect", "ioctl"]
kill = ["ptrace"]

[seccomp.when]
ioctl = "cmd == TIOCGWINSZ"
pkey_mprotect = "prot & PROT_EXEC == 0 || pkey == 1"
personality = "persona in {PER_LINUX, 0xffffffff}"

[why]
"seccomp.personality" = "it asks which one it has"
"masks./proc/kcore" = "a test reads what is there"
`

// compiled is a policy text as explain is given it.
func compiled(t testing.TB, text string) *Subject {
	t.Helper()
	path := filepath.Join(t.TempDir(), "one.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := compile.Compile(path, accounts)
	if err != nil {
		t.Fatal(err)
	}
	return &Subject{Policy: r.Policy, Rules: &r.Rules, Text: r.Text}
}

// expect compares an answer's verdict, and looks for parts of it. "!" before a part: it
// must not be there.
func expect(t *testing.T, name string, a *Answer, err error, allowed bool, parts ...string) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if a.Allowed != allowed {
		t.Errorf("%s: allowed is %v\n%s", name, a.Allowed, a)
	}
	for _, part := range parts {
		absent, not := strings.CutPrefix(part, "!")
		if not && strings.Contains(a.String(), absent) || !not && !strings.Contains(a.String(), part) {
			t.Errorf("%s: %q\n%s", name, part, a)
		}
	}
}

func TestSyscall(t *testing.T) {
	s := compiled(t, policy)
	for _, test := range []struct {
		call    string
		allowed bool
		parts   []string
	}{
		{"openat", true, []string{"amd64 openat (257): ALLOW", "@file-read (base/daemon:8:10)", "@default (base/minimal:7:10)", "@casemate-init"}},
		{"mprotect", true, []string{"ALLOW", "allowed by name (", "one.toml:25:25)", "@default"}},
		{"mount", false, []string{"mount (165): EPERM", "nothing allows it", "add \"mount\" to seccomp.allow (", "one.toml:25:9)", `[why] "seccomp.mount" = "…" (undoes masks`, "!it is in"}},
		{"splice", true, []string{"@io"}},
		{"unshare", false, []string{"enters or makes namespaces"}},
		{"setuid", false, []string{"it is in @setid", "!it needs a reason"}},
		{"ptrace", false, []string{"KILL_PROCESS", "seccomp.kill names it (", "one.toml:26:9)", "nothing allows it"}},
		{"clone3", false, []string{"ENOSYS", "always", "!add"}},
		{"personality", true, []string{"ALLOW  when persona in {PER_LINUX, 0xffffffff}", "EPERM  otherwise", "under the condition persona in", "because: it asks which one it has ("}},
		{"personality persona=PER_LINUX", true, []string{": ALLOW"}},
		{"personality persona=8", false, []string{": EPERM", "meet no condition", "seccomp.when.personality"}},
		{"personality persona=0xffffffff", true, nil},
		{"personality arg0=0x1ffffffff", true, []string{": ALLOW"}}, // the kernel takes the low word
		{"ioctl", true, []string{"cmd == TIOCGWINSZ", "!TIOCSTI"}},
		{"ioctl cmd=TIOCSTI", false, []string{"EPERM"}},
		{"pkey_mprotect prot=PROT_READ", true, []string{": ALLOW", "!depends"}},
		{"pkey_mprotect prot=PROT_EXEC", true, []string{"ALLOW  when pkey == 1", "!PROT_EXEC when"}},
		{"pkey_mprotect prot=PROT_EXEC pkey=2", false, []string{": EPERM"}},
		{"pkey_mprotect prot=PROT_READ|PROT_WRITE", true, []string{": ALLOW"}},
		{"165", false, []string{"mount (165)"}},
		{"0xa5", false, []string{"mount (165)"}},
		{"0xffffffff", false, []string{"a call that a tracer skips: ENOSYS", "always: a tracer has written"}},
		{"9999", false, []string{"number 9999: ENOSYS", "seccomp.unknown (default)"}},
		{"0x40000001", false, []string{"x32 number 1: KILL_PROCESS", "another ABI"}},
		{"0xffffffff", false, []string{"number -1", "ENOSYS"}},
	} {
		words := strings.Fields(test.call)
		call, err := ParseCall(words[0])
		if err != nil {
			t.Errorf("%s: %v", test.call, err)
			continue
		}
		a, err := Syscall(s, []filter.Arch{filter.AMD64}, call, words[1:])
		expect(t, test.call, a, err, test.allowed, test.parts...)
	}
}

func TestSyscallRefuses(t *testing.T) {
	s := compiled(t, policy)
	for _, test := range []struct{ call, want string }{
		{"opnat", `"opnat": unknown system call; did you mean "openat"?`},
		{"zzzzzzzzzzzz", `unknown system call`},
		{"4294967296", `unknown system call`},
		{"openat flags", `not NAME=VALUE`},
		{"openat flags=", `not NAME=VALUE`},
		{"openat flags=O_WRNLY", `"O_WRNLY": unknown constant; did you mean O_WRONLY?`},
		{"openat flag=1", `did you mean flags?`},
		{"openat pathname=1", `pointer`},
		{"openat flags=0x100000000", `does not fit`},
		{"openat flags=1 flags=2", `stated twice`},
		{"openat flags=1 arg2=2", `stated twice`},
		{"openat arg6=2", `unknown argument`},
		{"openat arg0=18446744073709551616", `not a number of 64 bits`},
		{"openat flags=1||mode==2", `not a single value`},
		{"openat flags=1&&mode==2", `not a single value`},
		{"openat flags==1", ""}, // whatever it says, it is refused
		{"9999 flags=1", `have no names`},
	} {
		words := strings.Fields(test.call)
		call, err := ParseCall(words[0])
		if err == nil {
			_, err = Syscall(s, []filter.Arch{filter.AMD64}, call, words[1:])
		}
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, not %q", test.call, err, test.want)
		}
	}
}

func TestArches(t *testing.T) {
	both, one := compiled(t, policy), compiled(t, strings.Replace(policy, "service", "arch = ['arm64']\nservice", 1))
	for _, test := range []struct {
		s              *Subject
		asked, machine string
		want           string
	}{
		{both, "", "amd64", "amd64"}, {both, "", "riscv64", "amd64 arm64"}, {both, "aarch64", "amd64", "arm64"},
		{one, "", "amd64", "arm64"}, {one, "amd64", "amd64", "error"}, {both, "mips", "amd64", "error"},
	} {
		got := "error"
		if arches, err := Arches(test.s, test.asked, test.machine); err == nil {
			var words []string
			for _, a := range arches {
				words = append(words, string(a))
			}
			got = strings.Join(words, " ")
		}
		if got != test.want {
			t.Errorf("%q on %s: %s, not %s", test.asked, test.machine, got, test.want)
		}
	}
	a, err := Syscall(both, filter.Arches(), Call{Name: "open"}, nil)
	expect(t, "open", a, err, true, "amd64 open (2): ALLOW", "arm64 open: there is no such call")
}

// TestSealedAlone: without its text a policy still says what it does, and that the line
// is not there.
func TestSealedAlone(t *testing.T) {
	s := &Subject{Policy: compiled(t, policy).Policy}
	a, err := Syscall(s, []filter.Arch{filter.AMD64}, Call{Name: "mount"}, nil)
	expect(t, "mount", a, err, false, "EPERM", "--text")
	a, err = Syscall(s, []filter.Arch{filter.AMD64}, Call{Name: "personality"}, nil)
	expect(t, "personality", a, err, true, "ALLOW  when persona in {PER_LINUX, 0xffffffff}")
	a, err = Capability(s, "KILL")
	expect(t, "KILL", a, err, true, "held", "--text")
	a, err = Path(s, "/usr/bin")
	expect(t, "/usr/bin", a, err, true, "one.toml:12")
	if _, err = Flatten(s, nil); err == nil {
		t.Error("flattened without a text")
	}
}

func TestCapability(t *testing.T) {
	s := compiled(t, policy)
	a, err := Capability(s, "KILL")
	expect(t, "KILL", a, err, true, "KILL: held", "one.toml:21:29", "one.toml:22:12")
	a, err = Capability(s, "CAP_NET_BIND_SERVICE")
	expect(t, "NET_BIND_SERVICE", a, err, false, "not held; it stays in the bounding set", "one.toml:21:9")
	a, err = Capability(s, "sys_admin")
	expect(t, "SYS_ADMIN", a, err, false, "SYS_ADMIN: not held", "capabilities.keep (", `"capabilities.SYS_ADMIN" = "…" (mounts`)
	a, err = Capability(s, "LEASE")
	expect(t, "LEASE", a, err, false, "!it needs a reason")
	for _, name := range []string{"", "CAP_", "NET_ADMN", "63", "CAP_41", "KILL "} {
		if _, err := Capability(s, name); err == nil {
			t.Errorf("%q is a capability", name)
		}
	}
}

func TestPath(t *testing.T) {
	s := compiled(t, policy)
	for _, test := range []struct {
		path    string
		allowed bool
		parts   []string
	}{
		{"/usr/bin/x", true, []string{"read-only, exec, nodev, nosuid (", "one.toml:12:1)", "/usr/bin/x of the host"}},
		{"/lib/x", true, []string{"below the symbolic link /lib to usr/lib (", "one.toml:9:1), so it is /usr/lib/x", "/usr/lib/x: read-only"}},
		{"/up", true, []string{"so it is /lib\n", "so it is /usr/lib\n", "/usr/lib: read-only"}},
		{"/data/a", true, []string{"writable, noexec", "with what the host has mounted below"}},
		{"/data/fixed/b", true, []string{"read-only, noexec", "read-only by /data/fixed (", "one.toml:17:1)"}},
		{"/usr/share/secret/k", false, []string{"masked by /usr/share/secret (", "one.toml:16:1)"}},
		{"/proc/kcore", true, []string{"writable", "procfs"}},
		{"/proc/keys", false, []string{"masked by /proc/keys, a default"}},
		{"/proc/sys/kernel", true, []string{"read-only", "a default"}},
		{"/run/one/pid", true, []string{"writable", "at most 65536 bytes and 16 files"}},
		{"/run", true, []string{"an empty read-only directory"}},
		{"/etc/passwd", false, []string{"absent"}},
		{"/dev/null", true, []string{"the minimal nodes"}},
		{"/dev/kmsg", false, []string{"absent; /dev holds nothing there"}},
		{"/", true, []string{"a tmpfs of its own"}},
	} {
		a, err := Path(s, test.path)
		expect(t, test.path, a, err, test.allowed, test.parts...)
	}
	a, err := Path(compiled(t, strings.Replace(policy, "[exec]\n", process, 1)+more), "/dev/fuse")
	expect(t, "/dev/fuse", a, err, true, "a node of the policy's own: character device 10:229, to be read and written (")
	for _, path := range []string{"", "usr", "/usr/", "/usr/../etc", "//", "/a\nb", "/loop"} {
		if _, err := Path(s, path); err == nil {
			t.Errorf("%q is explained", path)
		}
	}
}
