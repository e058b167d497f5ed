package filter

import (
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		arch Arch
		name string
		nr   int
	}{
		{AMD64, "read", 0}, {AMD64, "open", 2}, {AMD64, "clone3", 435}, {AMD64, "uretprobe", 335},
		{ARM64, "read", 63}, {ARM64, "clone3", 435}, {ARM64, "newfstatat", 79}, {ARM64, "io_setup", 0},
	} {
		if nr, ok := Number(c.arch, c.name); !ok || nr != c.nr {
			t.Errorf("Number(%s, %s) = %d, %t, want %d", c.arch, c.name, nr, ok, c.nr)
		}
		if name, ok := Name(c.arch, c.nr); !ok || name != c.name {
			t.Errorf("Name(%s, %d) = %q, %t, want %q", c.arch, c.nr, name, ok, c.name)
		}
	}
}

func TestNumbersRefuse(t *testing.T) {
	for _, c := range []struct {
		arch Arch
		name string
	}{
		{ARM64, "open"}, {AMD64, "socketcall"}, {AMD64, ""}, {AMD64, "READ"}, {"riscv64", "read"}, {ARM64, "arch_specific_syscall"},
	} {
		if nr, ok := Number(c.arch, c.name); ok {
			t.Errorf("Number(%s, %s) = %d", c.arch, c.name, nr)
		}
	}
	for _, nr := range []int{-1, 400, 5000, X32Bit} {
		if name, ok := Name(AMD64, nr); ok {
			t.Errorf("Name(%d) = %q", nr, name)
		}
	}
	if Known("socketcall") || !Known("open") || Known("opne") {
		t.Error("Known: socketcall, open, opne")
	}
}

// The numbers that this test was built with are the kernel's on this architecture.
func TestNumbersAreNative(t *testing.T) {
	arch, err := ParseArch(runtime.GOARCH)
	if err != nil {
		t.Skipf("no table for %s", runtime.GOARCH)
	}
	for name, nr := range map[string]int{
		"read": unix.SYS_READ, "execveat": unix.SYS_EXECVEAT, "seccomp": unix.SYS_SECCOMP, "mseal": unix.SYS_MSEAL,
	} {
		if got, ok := Number(arch, name); !ok || got != nr {
			t.Errorf("Number(%s, %s) = %d, %t, want %d", arch, name, got, ok, nr)
		}
	}
}

func TestNames(t *testing.T) {
	names := Names()
	if !slices.IsSorted(names) || len(names) != len(slices.Compact(slices.Clone(names))) {
		t.Error("Names are not ascending")
	}
	for _, name := range names {
		if !Known(name) {
			t.Errorf("%s is listed and not known", name)
		}
	}
	for _, name := range []string{"open", "newfstatat", "listns"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestSuggest(t *testing.T) {
	for typed, want := range map[string]string{
		"opne": "open", "sockte": "socket", "raed": "read", "READ": "read", "io_uring_setpu": "io_uring_setup",
		"epoll_crate1": "epoll_create1", "sendmgs": "sendmsg", "newfstatt": "newfstatat",
		"": "", "xyzzy": "", "qqqqqqqqqqqqqqqqqqqq": "",
	} {
		if got := Suggest(typed); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", typed, got, want)
		}
	}
}

func TestParseArch(t *testing.T) {
	for s, want := range map[string]Arch{"amd64": AMD64, "x86_64": AMD64, "arm64": ARM64, "aarch64": ARM64} {
		if got, err := ParseArch(s); err != nil || got != want {
			t.Errorf("ParseArch(%q) = %q, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "x32", "i386", "AMD64", "riscv64"} {
		if got, err := ParseArch(s); err == nil {
			t.Errorf("ParseArch(%q) = %q", s, got)
		}
	}
	if AMD64.AuditArch() != unix.AUDIT_ARCH_X86_64 || ARM64.AuditArch() != unix.AUDIT_ARCH_AARCH64 || Arch("x").AuditArch() != 0 {
		t.Error("AuditArch is not the kernel's")
	}
}

func TestTableDigest(t *testing.T) {
	if TableDigest() != TableDigest() || TableDigest() == [32]byte{} {
		t.Error("TableDigest is not a constant")
	}
	if TableVersion == "" {
		t.Error("no TableVersion")
	}
}

func TestInitSet(t *testing.T) {
	set := InitSet()
	if !slices.IsSorted(set) || len(slices.Compact(slices.Clone(set))) != len(set) {
		t.Error("InitSet is not ascending")
	}
	for _, name := range set {
		if !Known(name) {
			t.Errorf("%s is not a system call", name)
		}
	}
	for _, name := range []string{"execveat", "execve", "exit_group", "rt_sigreturn", "futex"} {
		if !slices.Contains(set, name) {
			t.Errorf("%s is missing", name)
		}
	}
	for _, name := range []string{Clone3, "ptrace", "mount", "socket", "openat2", "bpf"} {
		if slices.Contains(set, name) {
			t.Errorf("%s is in it", name)
		}
	}
}
