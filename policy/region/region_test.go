package region

import (
	"math/rand/v2"
	"strings"
	"testing"

	"casemate/policy/filter"
	"casemate/policy/filtertest"
	"casemate/policy/prove"
	"casemate/policy/seccomp"
)

// inside gives the boxes of one call that a condition allows, and those that it does not,
// as a compiled filter has them.
func inside(t *testing.T, arch filter.Arch, call, condition string) (in, out []prove.Box) {
	t.Helper()
	e, err := filter.ParseExpr(call, condition)
	if err != nil {
		t.Fatalf("%s: %v", condition, err)
	}
	rules := filter.Rules{
		Default: filter.ActionEPERM, Unknown: filter.ActionENOSYS, BadArch: filter.ActionKillProcess,
		Allow: map[string]filter.Rule{call: {When: e}},
	}
	code, err := compiled(arch, rules)
	if err != nil {
		return nil, nil // it can never hold, which the compiler refuses
	}
	p, err := prove.Parse(code)
	if err != nil {
		t.Fatal(err)
	}
	nr, _ := filter.Number(arch, call)
	if err := p.Walk(prove.Of(arch, uint32(nr)), func(b prove.Box, a filter.Action) bool {
		if a == filter.ActionAllow {
			in = append(in, b)
		} else {
			out = append(out, b)
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return in, out
}

// TestText: what a condition means, worded from the compiled filter.
func TestText(t *testing.T) {
	for _, test := range []struct{ call, condition, want string }{
		{"mprotect", "prot & PROT_EXEC == 0", "prot & PROT_EXEC == 0"},
		{"mprotect", "prot & (PROT_WRITE|PROT_EXEC) != PROT_WRITE|PROT_EXEC", "prot & (PROT_EXEC|PROT_WRITE) != PROT_EXEC|PROT_WRITE"},
		{"mprotect", "prot == 4", "prot == PROT_EXEC"},
		{"mprotect", "prot != 4", "prot != PROT_EXEC"},
		{"mprotect", "prot < 8", "prot <= 7"},
		{"mprotect", "prot >= 0x200000000", "prot >= 0x200000000"},
		{"socket", "family in {AF_UNIX, AF_INET}", "domain in {AF_UNIX, AF_INET}"},
		{"socket", "family not in {AF_NETLINK, AF_PACKET}", "domain not in {AF_NETLINK, AF_PACKET}"},
		{"socket", "family == AF_UNIX && type & 0xf == SOCK_STREAM", "domain == AF_UNIX && type & 0xf == SOCK_STREAM"},
		{"socket", "family == AF_UNIX || type == SOCK_DGRAM", "!(domain != AF_UNIX && type != SOCK_DGRAM)"},
		{"ioctl", "cmd not in {TIOCSTI, TIOCLINUX}", "cmd not in {TIOCSTI, TIOCLINUX}"},
		{"clone", "flags & @CLONE_NEW == 0", "flags & @CLONE_NEW == 0"},
		{"openat", "flags & O_CREAT != 0", "flags & O_CREAT != 0"},
		{"openat", "flags & 0x80000000 == 0", "flags & 0x80000000 == 0"},
		{"openat", "mode & 7 == 0", "mode & 7 == 0"},
		{"openat", "dirfd == AT_FDCWD", "dirfd == AT_FDCWD"},
		{"prctl", "option in {PR_SET_PDEATHSIG, PR_CAP_AMBIENT, PR_SET_VMA}", "option in {PR_SET_PDEATHSIG, PR_CAP_AMBIENT, PR_SET_VMA}"},
		{"fcntl", "cmd in {F_DUPFD, F_GETFL}", "cmd in {F_DUPFD, F_GETFL}"},
		{"ptrace", "request == PTRACE_PEEKTEXT", "request == PTRACE_PEEKTEXT"},
		{"listen", "backlog <= 128", "backlog <= 0x80"},
		{"listen", "backlog > 16 && backlog < 32", "backlog >= 0x11 && backlog <= 0x1f"},
	} {
		in, out := inside(t, filter.AMD64, test.call, test.condition)
		if got := Either(filter.AMD64, test.call, in, out); got != test.want {
			t.Errorf("%s when %s:\n  got  %s\n  want %s", test.call, test.condition, got, test.want)
		} else {
			sameMeaning(t, test.call, test.condition, got)
		}
	}
}

func compiled(arch filter.Arch, rules filter.Rules) ([]byte, error) {
	programs, err := seccomp.Compile(arch, rules)
	if err != nil {
		return nil, err
	}
	return programs[0].Bytes, nil
}

// sameMeaning reads a wording as a condition and compares it with the one it was made of.
func sameMeaning(t *testing.T, call, condition, wording string) {
	t.Helper()
	a, err := filter.ParseExpr(call, condition)
	b, err2 := filter.ParseExpr(call, wording)
	if err != nil || err2 != nil {
		t.Errorf("%s: the wording is no condition: %s: %v", call, wording, err2)
		return
	}
	r := rand.New(rand.NewPCG(7, 8))
	for range 20000 {
		var args [filter.MaxArgs]uint64
		for i := range args {
			args[i] = r.Uint64() & (1<<r.IntN(65) - 1) // small values are asked for most
		}
		if filter.Eval(a, filter.AMD64, args) != filter.Eval(b, filter.AMD64, args) {
			t.Errorf("%s(%#x): %q is not %q", call, args, wording, condition)
			return
		}
	}
}

// TestTextOfRandomConditions: whatever a filter allows, its wording is a condition that
// means the same, or says that it is a count.
func TestTextOfRandomConditions(t *testing.T) {
	g := filtertest.New(3)
	worded, counted := 0, 0
	for range 400 {
		call := filtertest.Pick(g, filtertest.Conditionable())
		if _, ok := filter.Number(filter.AMD64, call); !ok {
			continue
		}
		e := g.Condition(t, call)
		tree, err := e.Tree(filter.AMD64)
		if err != nil {
			continue
		}
		in, out := inside(t, filter.AMD64, call, e.Text)
		if len(in) == 0 || len(out) == 0 {
			continue
		}
		text := Either(filter.AMD64, call, in, out)
		again, err := filter.ParseExpr(call, text)
		if err != nil {
			if !strings.Contains(text, " is one of ") && !strings.Contains(text, "more)") {
				t.Errorf("%s: %s: the wording is no condition: %s: %v", call, e.Text, text, err)
			}
			counted++
			continue
		}
		worded++
		for _, args := range g.Points(tree, 200) {
			if filter.Eval(e, filter.AMD64, args) != filter.Eval(again, filter.AMD64, args) {
				t.Fatalf("%s(%#x): %q is not %q", call, args, text, e.Text)
			}
		}
	}
	t.Logf("%d worded as conditions, %d counted", worded, counted)
	if worded < 150 {
		t.Error("too few are worded")
	}
}
