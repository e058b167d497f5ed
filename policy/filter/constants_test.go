package filter

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestConstants(t *testing.T) {
	for _, c := range []struct {
		name         string
		amd64, arm64 int64
	}{
		{"AF_UNIX", unix.AF_UNIX, unix.AF_UNIX},
		{"CLONE_NEWUSER", unix.CLONE_NEWUSER, unix.CLONE_NEWUSER},
		{"O_DIRECTORY", 0x10000, 0x4000},
		{"O_NOFOLLOW", 0x20000, 0x8000},
		{"O_TMPFILE", 0x410000, 0x404000},
		{"AT_FDCWD", -100, -100},
		{"SIGKILL", 9, 9},
		{"TIOCSTI", 0x5412, 0x5412},
		{"IPC_CREAT", 0x200, 0x200},
		{"FUTEX_WAKE", 1, 1},
		{"@CLONE_NEW", 0x7e020080, 0x7e020080},
	} {
		got, ok := lookup(c.name)
		if !ok || got.on != onBoth || got.value != [...]int64{c.amd64, c.arm64} {
			t.Errorf("%s = %#x on %b, %t", c.name, got.value, got.on, ok)
		}
	}
}

func TestConstantsOfOneArch(t *testing.T) {
	for name, on := range map[string]uint8{"MAP_32BIT": onAMD64, "PROT_MTE": onARM64, "ARCH_SET_FS": onAMD64} {
		if c, ok := lookup(name); !ok || c.on != on {
			t.Errorf("%s is on %b, %t", name, c.on, ok)
		}
	}
}

func TestConstantsRefuse(t *testing.T) {
	for _, name := range []string{"", "@CLONE_OLD", "CLONE_NEW", "af_unix", "ETHTOOL_GDRVINFO"} {
		if c, ok := lookup(name); ok {
			t.Errorf("%s = %v", name, c)
		}
	}
}

func TestConstantTables(t *testing.T) {
	all := slices.Concat(generatedConstants[:], writtenConstants[:])
	seen := make(map[string]bool)
	for _, c := range all {
		if seen[c.name] {
			t.Errorf("%s is in the tables twice", c.name)
		}
		seen[c.name] = true
		if c.on == 0 || c.on > onBoth || c.name[0] < 'A' || c.name[0] > 'Z' {
			t.Errorf("%s: on %b", c.name, c.on)
		}
	}
}

// An argument's name can never be taken for a constant's.
func TestArgumentNames(t *testing.T) {
	for _, arch := range arches {
		for syscall, args := range prototypes()[arch] {
			for _, a := range args {
				for _, name := range a.Names {
					if strings.ToLower(name) != name {
						t.Errorf("%s: argument %s is not in lower case", syscall, name)
					}
				}
			}
		}
	}
}

func TestPrototypes(t *testing.T) {
	for _, c := range []struct {
		arch          Arch
		syscall, name string
		index         int
		width         uint
	}{
		{AMD64, "socket", "domain", 0, 32},
		{AMD64, "socket", "family", 0, 32},
		{AMD64, "clone", "flags", 0, 32},
		{ARM64, "clone", "flags", 0, 32},
		{AMD64, "unshare", "flags", 0, 64},
		{AMD64, "mprotect", "prot", 2, 64},
		{ARM64, "openat", "mode", 3, 16},
		{AMD64, "copy_file_range", "flags", 5, 32},
		{AMD64, "ioctl", "cmd", 1, 32},
		{AMD64, "ptrace", "request", 0, 64},
	} {
		found := false
		for _, a := range Args(c.arch, c.syscall) {
			if a.named(c.name) {
				found = a.Index == c.index && a.Width == c.width && !a.Pointer
			}
		}
		if !found {
			t.Errorf("%s: %s has no argument %s at %d with %d bits", c.arch, c.syscall, c.name, c.index, c.width)
		}
	}
	if Args(ARM64, "open") != nil || Args(AMD64, Clone3) != nil || Args("x", "read") != nil {
		t.Error("arguments of open on arm64, of clone3, or of no architecture")
	}
}

func TestPrototypesRefuse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"read", "0 arguments"},
		{"read a:32 b:32 c:32 d:32 e:32 f:32 g:32", "7 arguments"},
		{"read fd", "no width"},
		{"read fd:31", "no width"},
		{"read fd|:32", "cannot be a name"},
		{"read in:32", "cannot be a name"},
		{"read fd:32 fd:32", "is a name of argument 0 too"},
		{"opne fd:32", "no architecture has it"},
		{"open@arm64 fd:32", "no architecture has it"},
		{"\nread fd:32\nread fd:32", "line 3: read: written twice"},
	} {
		if _, err := parsePrototypes(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got error %v, want one with %q", c.text, err, c.want)
		}
	}
}
