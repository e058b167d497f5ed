package seccomp

import (
	"errors"
	"testing"

	"casemate/policy/filter"
)

// seeds are conditions that the fuzzers start from.
var seeds = []struct{ syscall, text string }{
	{"socket", "family in {AF_UNIX, AF_INET, AF_INET6} && type & 0xf != SOCK_RAW"},
	{"socket", "family not in {AF_ALG, AF_VSOCK, AF_PACKET}"},
	{"clone", "flags & @CLONE_NEW == 0"},
	{"mprotect", "prot & (PROT_WRITE|PROT_EXEC) != PROT_WRITE|PROT_EXEC"},
	{"mmap", "!(prot & PROT_EXEC != 0 && flags & MAP_32BIT == 0) || addr < 0x10000"},
	{"openat", "dirfd == AT_FDCWD || flags & O_NOFOLLOW != 0 && mode & 0o6000 == 0"},
	{"ioctl", "cmd not in {TIOCSTI, TIOCLINUX}"},
	{"personality", "persona in {PER_LINUX, PER_LINUX32, UNAME26, 0xffffffff}"},
	{"lseek", "(offset >= 5 && offset < 0x8000000000000000) || whence <= SEEK_END"},
	{"kill", "sig > 0 && sig <= 31 && pid != 0xffffffff"},
	{"open", "flags == 0"},
	{"read", "fd == -1"},
}

// ParseExpr never panics, places its errors inside the text, and what it takes has
// one meaning, lowered or not.
func FuzzParseExpr(f *testing.F) {
	for _, s := range seeds {
		f.Add(s.syscall, s.text, uint64(1))
	}
	f.Fuzz(func(t *testing.T, syscall, text string, seed uint64) {
		e, err := filter.ParseExpr(syscall, text)
		if err != nil {
			var bad *filter.ExprError
			if !errors.As(err, &bad) {
				t.Fatalf("not an ExprError: %v", err)
			}
			if bad.Offset < 0 || bad.Offset > max(len(text), 0) || bad.Problem == "" {
				t.Fatalf("%q: %+v", text, bad)
			}
			return
		}
		g := newGenerator(seed)
		for _, arch := range filter.Arches() {
			tree, err := e.Tree(arch)
			if err != nil {
				continue
			}
			list, err := Lower(e, arch)
			if err != nil {
				continue
			}
			if len(list) > MaxConjunctions {
				t.Fatalf("%q: %d conjunctions", text, len(list))
			}
			for _, args := range g.Points(tree, 100) {
				if got, want := count(list, args) > 0, filter.Eval(e, arch, args); got != want {
					t.Fatalf("%s: %q: %#x: lowered %t, meant %t", syscall, text, args, got, want)
				}
			}
		}
	})
}

// The program of a condition among other rules does what the rules mean.
func FuzzCompile(f *testing.F) {
	for i, s := range seeds {
		f.Add(s.syscall, s.text, uint64(i), uint64(1)<<32)
		if _, err := filter.ParseExpr(s.syscall, s.text); (err != nil) != (s.text == "fd == -1") { // the one that is none
			f.Fatalf("%s: %v", s.text, err)
		}
	}
	f.Fuzz(func(t *testing.T, syscall, text string, seed, arg uint64) {
		e, err := filter.ParseExpr(syscall, text)
		if err != nil {
			return
		}
		g := newGenerator(seed)
		r := g.Rules(t, 6)
		delete(r.Kill, syscall)
		r.Allow[syscall] = filter.Rule{When: e, At: "fuzz:1"}
		for _, arch := range filter.Arches() {
			programs, err := Compile(arch, r)
			if err != nil {
				continue
			}
			nr, here := filter.Number(arch, syscall)
			if !here {
				continue
			}
			tree, err := e.Tree(arch)
			if err != nil {
				t.Fatalf("%s: compiled without a meaning: %v", arch, err)
			}
			calls := foreign(arch)
			for _, args := range append(g.Points(tree, 100), [filter.MaxArgs]uint64{arg, arg, arg, arg, arg, arg}) {
				calls = append(calls, filter.Call{NR: uint32(nr), Arch: arch.AuditArch(), Args: args})
			}
			for _, p := range programs {
				agrees(t, p, arch, r, calls)
			}
		}
	})
}
