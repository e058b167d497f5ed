package filter

import (
	"errors"
	"strings"
	"testing"
)

func mustParse(t testing.TB, syscall, text string) *Expr {
	t.Helper()
	e, err := ParseExpr(syscall, text)
	if err != nil {
		t.Fatalf("%s: %s: %v", syscall, text, err)
	}
	return e
}

func TestEval(t *testing.T) {
	const high = 0xdead_beef << 32
	for _, c := range []struct {
		syscall, text string
		yes, no       [][]uint64
	}{
		{"socket", "family == AF_UNIX", [][]uint64{{1}, {1 | high}}, [][]uint64{{0}, {2}, {2 | high}}},
		{"socket", "domain != AF_INET", [][]uint64{{1}, {1 | high}}, [][]uint64{{2}, {2 | high}}},
		{"socket", "family in {AF_UNIX, AF_INET, AF_INET6}", [][]uint64{{1}, {2}, {10}}, [][]uint64{{0}, {3}, {16}}},
		{"socket", "family not in {AF_ALG, AF_VSOCK}", [][]uint64{{1}, {37}}, [][]uint64{{38}, {40}, {40 | high}}},
		{"socket", "family == AF_UNIX && type & 0xf == SOCK_STREAM || protocol == 7",
			[][]uint64{{1, 1}, {1, 0x80001}, {5, 5, 7}}, [][]uint64{{1, 2}, {2, 1}}},
		// "&" binds tighter than "==", unlike in C
		{"openat", "flags & 0x3 == 0", [][]uint64{{0, 0, 0}, {0, 0, 4}}, [][]uint64{{0, 0, 1}, {0, 0, 7}}},
		{"openat", "(flags & 0x3) == 0", [][]uint64{{0, 0, 4}}, [][]uint64{{0, 0, 1}}},
		{"openat", "flags & (O_WRONLY|O_RDWR) == 0", [][]uint64{{0, 0, 4}}, [][]uint64{{0, 0, 1}, {0, 0, 2}}},
		{"openat", "O_ACCMODE & flags == O_RDONLY", [][]uint64{{0, 0, 4}}, [][]uint64{{0, 0, 1}, {0, 0, 2}}},
		{"mprotect", "prot & (PROT_WRITE|PROT_EXEC) != PROT_WRITE|PROT_EXEC",
			[][]uint64{{0, 0, 3}, {0, 0, 5}}, [][]uint64{{0, 0, 6}, {0, 0, 7}}},
		// "&&" binds tighter than "||", as in C
		{"kill", "pid == 1 || pid == 2 && sig == 3", [][]uint64{{1, 0}, {2, 3}}, [][]uint64{{2, 0}, {3, 3}}},
		{"kill", "!(pid == 1 || pid == 2)", [][]uint64{{3}}, [][]uint64{{1}, {2}}},
		{"kill", "!!(sig < 3) && sig >= 1", [][]uint64{{0, 1}, {0, 2}}, [][]uint64{{0, 0}, {0, 3}}},
		// unsigned: a negative pid is a large one
		{"kill", "pid > 0x7fffffff", [][]uint64{{0xffffffff}, {0x80000000 | high}}, [][]uint64{{1}, {1 | high}}},
		{"lseek", "offset <= 0o777", [][]uint64{{0, 511}}, [][]uint64{{0, 512}, {0, high}}},
		// AT_FDCWD is -100 in 32 bits, whatever is above
		{"openat", "dirfd == AT_FDCWD", [][]uint64{{0xffffff9c}, {0xffffffffffffff9c}}, [][]uint64{{100}, {3}}},
		// umode_t has 16 bits
		{"fchmod", "mode & 0o6000 == 0", [][]uint64{{0, 0o755}, {0, 0o755 | 1<<16}}, [][]uint64{{0, 0o4755}, {0, 0o2755 | high}}},
		{"fchmod", "mode != 0o4755", [][]uint64{{0, 0o755}}, [][]uint64{{0, 0o4755}, {0, 0o4755 | 1<<16}}},
		{"clone", "flags & @CLONE_NEW == 0", [][]uint64{{0x3d0f00}, {17}}, [][]uint64{{0x10000000}, {0x20011}, {0x10000000 | high}}},
		{"ioctl", "cmd != TIOCSTI", [][]uint64{{0, 0x5413}}, [][]uint64{{0, 0x5412}, {0, 0x5412 | high}}},
		{"unshare", "flags == 0", [][]uint64{{0}}, [][]uint64{{high}}},
	} {
		e := mustParse(t, c.syscall, c.text)
		for i, calls := range [][][]uint64{c.no, c.yes} {
			for _, call := range calls {
				var args [MaxArgs]uint64
				copy(args[:], call)
				if got := Eval(e, AMD64, args); got != (i == 1) {
					t.Errorf("%s: %s: %#x: %t", c.syscall, c.text, call, got)
				}
			}
		}
	}
}

// The same text means other numbers on the other architecture.
func TestEvalPerArch(t *testing.T) {
	e := mustParse(t, "openat", "flags & O_DIRECTORY != 0")
	for arch, bit := range map[Arch]uint64{AMD64: 0x10000, ARM64: 0x4000} {
		if !Eval(e, arch, [MaxArgs]uint64{2: bit}) || Eval(e, arch, [MaxArgs]uint64{2: 0x14000 &^ bit}) {
			t.Errorf("%s: O_DIRECTORY is not %#x", arch, bit)
		}
	}
	e = mustParse(t, "mmap", "flags & MAP_32BIT == 0")
	if !Eval(e, AMD64, [MaxArgs]uint64{}) {
		t.Error("amd64: MAP_32BIT")
	}
	if Eval(e, ARM64, [MaxArgs]uint64{}) || Eval(e, "x", [MaxArgs]uint64{}) {
		t.Error("a condition without a meaning holds")
	}
	if _, err := e.Tree(ARM64); err == nil || !strings.Contains(err.Error(), `"MAP_32BIT": no such constant on arm64`) {
		t.Errorf("arm64: MAP_32BIT: %v", err)
	}
	if _, err := mustParse(t, "open", "flags == 0").Tree(ARM64); err == nil {
		t.Error("arm64: a condition of open")
	}
}

func TestParseExprRefuses(t *testing.T) {
	for _, c := range []struct {
		syscall, text string
		offset        int
		token, want   string
	}{
		{"sokcet", "family == 1", 0, "sokcet", "unknown system call; did you mean socket?"},
		{"socket", "", 0, "", "a name, a number or ( is wanted"},
		{"socket", "   ", 3, "", "a name, a number or ( is wanted"},
		{"socket", "familiy == AF_UNIX", 0, "familiy", "did you mean family?"},
		{"socket", "flags == 0", 0, "flags", "known: domain, family, type, protocol"},
		{"socket", "family == AF_UNXI", 10, "AF_UNXI", "did you mean AF_UNIX?"},
		{"socket", "family == @CLONE_NEWW", 10, "@CLONE_NEWW", "did you mean @CLONE_NEW?"},
		{"socket", "family = AF_UNIX", 7, "=", "equality is written =="},
		{"socket", "family == -1", 10, "-", "0xffffffff for -1"},
		{"socket", "family == 010", 10, "010", "leading zero"},
		{"socket", "family == 0b1", 10, "0b1", "leading zero"},
		{"socket", "family == 0x", 10, "0x", "not a number"},
		{"socket", "family == 1z", 10, "1z", "not a number"},
		{"socket", "family == 0x10000000000000000", 10, "0x10000000000000000", "64 bits"},
		{"socket", "family == 0x100000000", 10, "0x100000000", "does not fit: domain has 32 bits"},
		{"fchmod", "mode == 0x10000", 8, "0x10000", "does not fit: mode has 16 bits"},
		{"socket", "family & 0x100000000 == 0", 9, "0x100000000", "does not fit"},
		{"socket", "family", 0, "family", "a number, not a condition"},
		{"socket", "family & 1", 0, "family", "a number, not a condition"},
		{"socket", "family == 1 &&", 14, "", "is wanted here"},
		{"socket", "family == 1 && 2", 15, "2", "a number, not a condition"},
		{"socket", "family == 1 and type == 2", 12, "and", "write &&"},
		{"socket", "family == 1 or type == 2", 12, "or", "write ||"},
		{"socket", "family == 1 type == 2", 12, "type", "joined by && or ||"},
		{"socket", "(family == 1", 12, "", "the ( at offset 0 is not closed"},
		{"socket", "family == 1)", 11, ")", "there is no ( for it"},
		{"socket", "!family == 1", 0, "!", "! in front of a number"},
		{"socket", "not family == 1", 0, "not", "!(…)"},
		{"socket", "(family == 1) == 1", 0, "(", "a condition where a number is wanted"},
		{"socket", "(family == 1) & 1 == 1", 0, "(", "a condition where a number is wanted"},
		{"socket", "family == (type == 1)", 10, "(", "a condition where a number is wanted"},
		{"socket", "family | 1 == 1", 7, "|", "an argument cannot be joined by |"},
		{"socket", "family & AF_UNIX | 2 == 1", 17, "|", "an argument cannot be joined by |"},
		{"socket", "family & type == 0", 7, "&", "two arguments"},
		{"socket", "family == type", 10, "type", "an argument on the right side"},
		{"socket", "1 == family", 0, "1", "the argument stands on the left"},
		{"socket", "1 == 1", 0, "1", "the argument stands on the left"},
		{"socket", "1 < family < 3", 0, "1", "the argument stands on the left"},
		{"socket", "family < 3 < 4", 11, "<", "cannot be chained"},
		{"socket", "family in 1", 10, "1", "{ is wanted here"},
		{"socket", "family in {}", 11, "}", "is wanted here"},
		{"socket", "family in {1", 12, "", ", or } is wanted here"},
		{"socket", "family in {1 2}", 13, "2", ", or } is wanted here"},
		{"socket", "family in {type}", 11, "type", "an argument on the right side"},
		{"socket", "family not {1}", 11, "{", `"in" is wanted`},
		{"socket", "in {1}", 0, "in", "is wanted here"},
		{"socket", "family == ~1", 10, "~", "flags & (A|B) == 0"},
		{"socket", "family == 'x'", 10, "'", "without quotes"},
		{"socket", "family == é", 10, "é", "unexpected character"},
		{"socket", "family == \xff", 10, "\xff", "unexpected character"},
		{"socket", "family & 0 == 0", 9, "0", "a mask without a bit"},
		{"socket", "family & 1 & 2 == 0", 13, "2", "a mask without a bit"},
		{"openat", "flags & O_LARGEFILE == 0", 8, "O_LARGEFILE", "a mask without a bit"},
		{"socket", "family & 6 == 1", 14, "1", "never holds; the mask before it leaves only the bits 0x6"},
		{"socket", "family & 6 != 1", 14, "1", "always holds"},
		{"socket", "family & 6 in {2, 1}", 18, "1", "never holds"},
		{"socket", "family & 6 not in {1}", 19, "1", "always holds"},
		{"socket", "family < 0", 9, "0", "never holds"},
		{"socket", "family >= 0", 10, "0", "always holds"},
		{"socket", "family > 0xffffffff", 9, "0xffffffff", "never holds"},
		{"socket", "family <= 0xffffffff", 10, "0xffffffff", "always holds"},
		{"socket", "family & 6 < 7", 13, "7", "always holds"},
		{"socket", "family & 6 >= 7", 14, "7", "never holds"},
		{"openat", "pathname == 0", 0, "pathname", "is or may be a pointer"},
		{"ioctl", "arg == 0", 0, "arg", "is or may be a pointer"},
		{"clone3", "flags & @CLONE_NEW == 0", 0, "flags", "no argument of clone3 can be compared"},
		{"getpid", "pid == 1", 0, "pid", "no argument of getpid can be compared"},
		{"openat", "dirfd == BPF_NET_OFF", 9, "BPF_NET_OFF", "unknown constant"},
		{"arch_prctl", "op == PROT_MTE", 6, "PROT_MTE", "no such constant on amd64"},
		{"socket", strings.Repeat("(", 65) + "family == 1", 64, "(", "nested deeper than 64"},
		{"socket", strings.Repeat("!", 65) + "(family == 1)", 64, "!", "nested deeper than 64"},
		{"socket", strings.Repeat(" ", 4097), 4096, "", "longer than 4096 bytes"},
	} {
		_, err := ParseExpr(c.syscall, c.text)
		var bad *ExprError
		if !errors.As(err, &bad) {
			t.Errorf("%s: %s: got error %v, want an ExprError", c.syscall, c.text, err)
			continue
		}
		if bad.Offset != c.offset || bad.Token != c.token || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %s: got %v, want offset %d, token %q, %q", c.syscall, c.text, err, c.offset, c.token, c.want)
		}
	}
}

// What is just inside the limits is taken.
func TestParseExprLimits(t *testing.T) {
	mustParse(t, "socket", strings.Repeat("(", 64)+"family == 1"+strings.Repeat(")", 64))
	text := "family == 1"
	mustParse(t, "socket", strings.Repeat(" ", MaxExpr-len(text))+text)
}
