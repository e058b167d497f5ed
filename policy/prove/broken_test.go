package prove_test

import (
	"fmt"
	"strings"
	"testing"

	"casemate/policy/filter"
	"casemate/policy/prove"
)

// whole is a program written by hand for handRules: one of each kind of condition.
// KNOWN stands for the ranges of the table.
const whole = `
	ld arch
	jeq amd64 . killed
	ld nr
	jge 0x40000000 x32 .
KNOWN
number:
	jeq read allowed .
	jeq close allowed .
	jeq mprotect mprotect .
	jeq socket socket .
	jeq lseek lseek .
	jeq fcntl fcntl .
	jeq madvise madvise .
	jeq ptrace killed .
	jeq clone3 nosys denied
mprotect:		; prot & PROT_EXEC == 0
	ld arg2
	jset 4 denied allowed
socket:			; family in {AF_UNIX, AF_INET}
	ld arg0
	jeq 1 allowed .
	jeq 2 allowed denied
lseek:			; offset <= 0x100000005, of 64 bits
	ld arg1hi
	jgt 1 denied .
	jeq 1 . allowed
	ld arg1
	jgt 5 denied allowed
fcntl:			; 3 <= cmd && cmd <= 9
	ld arg1
	jge 3 . denied
	jgt 9 denied allowed
madvise:		; len & 0xff00000000 == 0x1200000000
	ld arg1hi
	and 0xff
	jeq 0x12 allowed denied
x32:
	jeq 0xffffffff nosys .
killed:
	ret kill
allowed:
	ret allow
denied:
	ret EPERM
nosys:
	ret ENOSYS
`

// known lets the numbers of the table go on to "number", and no other.
func known() string {
	var b strings.Builder
	nrs := filter.Numbers(filter.AMD64)
	for i, nr := range nrs {
		if i == 0 || nrs[i-1]+1 != nr {
			fmt.Fprintf(&b, "jge %d . nosys\n", nr)
		}
		if i == len(nrs)-1 || nrs[i+1] != nr+1 {
			fmt.Fprintf(&b, "jgt %d . number\n", nr)
		}
	}
	return b.String() + "ja nosys\n"
}

func handRules(t testing.TB) filter.Rules {
	t.Helper()
	r := filter.Rules{
		Default: filter.ActionEPERM, Unknown: filter.ActionENOSYS, BadArch: filter.ActionKillProcess,
		Allow: map[string]filter.Rule{"read": {At: "p.toml:1"}, "close": {At: "p.toml:1"}}, Kill: map[string]string{"ptrace": "p.toml:2"},
	}
	for name, text := range map[string]string{
		"mprotect": "prot & PROT_EXEC == 0",
		"socket":   "family in {AF_UNIX, AF_INET}",
		"lseek":    "offset <= 0x100000005",
		"fcntl":    "cmd >= 3 && cmd <= 9",
		"madvise":  "len & 0xff00000000 == 0x1200000000",
	} {
		e, err := filter.ParseExpr(name, text)
		if err != nil {
			t.Fatal(err)
		}
		r.Allow[name] = filter.Rule{When: e, At: "p.toml:3"}
	}
	return r
}

// Each is the program above with one fault of those that filters have been shipped
// with, or that a compiler is one slip away from.
var broken = []struct{ name, old, new, witness string }{
	{"the architecture is not checked", "jeq amd64 . killed", "", "number 0x0 of architecture 0x0"},
	{"the architecture is checked after the number", "ld arch\n\tjeq amd64 . killed\n\tld nr", "ld nr\n\tjeq read allowed .\n\tld arch\n\tjeq amd64 . killed\n\tld nr", "number 0x0 of architecture 0x0"},
	{"another architecture is let in", "jeq amd64 . killed", "jeq arm64 allowed .\n\tjeq amd64 . killed", "of architecture 0xc00000b7"},
	{"the architecture's own constant is wrong", "jeq amd64 . killed", "jeq arm64 . killed", "of architecture 0xc00000b7"},
	{"x32 is not checked", "jge 0x40000000 x32 .", "", "number 0x40000000"},
	{"x32 begins one late", "jge 0x40000000 x32 .", "jgt 0x40000000 x32 .", "number 0x40000000"},
	{"x32 is checked by its bit alone", "jge 0x40000000 x32 .", "jset 0x40000000 x32 .", "number 0x80000000"},
	{"a skipped call is x32", "jeq 0xffffffff nosys .", "", "number 0xffffffff"},
	{"x32 is denied, not killed", "jge 0x40000000 x32 .", "jge 0x40000000 denied .", "number 0x40000000"},
	{"default allow", "ret EPERM", "ret allow", "write (1)"},
	{"another errno by default", "ret EPERM", "ret EACCES", "write (1)"},
	{"unknown numbers are allowed", "KNOWN", "jgt 471 allowed .\nKNOWN", "number 0x"},
	{"unknown numbers are not told from known ones", "KNOWN", "", "number 0x151"},
	{"clone3 EPERM", "jeq clone3 nosys denied", "ja denied", "clone3 (435)"},
	{"what kills answers", "jeq ptrace killed .", "", "ptrace (101)"},
	{"kills a thread", "ret kill", "ret 0", "number 0x0 of architecture 0x0"},
	{"the neighbour is allowed", "jeq close allowed .", "jeq open allowed .", "open (2)"},
	{"a rule is forgotten", "jeq close allowed .", "", "close (3)"},
	{"a range in place of a number", "jeq read allowed .", "jgt 1 . allowed", "write (1)"},
	{"allowed by its low bits", "jeq close allowed .", "jset 3 allowed .", "write (1)"},
	{"the condition is left out", "jset 4 denied allowed", "ja allowed", "mprotect (10) with arguments 0x0 0x0 0x4"},
	{"the condition is turned round", "jset 4 denied allowed", "jset 4 allowed denied", "mprotect (10) with arguments 0x0 0x0 0x4"},
	{"another argument", "ld arg2\n\tjset 4", "ld arg1\n\tjset 4", "mprotect (10) with arguments 0x0 0x0 0x4"},
	{"a mask by equality", "jset 4 denied allowed", "jeq 4 denied allowed", "mprotect (10) with arguments 0x0 0x0 0x5"},
	{"the high word in place of the low", "ld arg2\n\tjset 4", "ld arg2hi\n\tjset 4", "mprotect (10) with arguments 0x0 0x0 0x4"},
	{"64 bits of an int", "ld arg0\n\tjeq 1", "ld arg0hi\n\tjeq 0 . denied\n\tld arg0\n\tjeq 1", "socket (41) with arguments 0x100000001"},
	{"a member is missing", "jeq 2 allowed denied", "ja denied", "socket (41) with arguments 0x2"},
	{"a member too many", "jeq 2 allowed denied", "jeq 2 allowed .\n\tjeq 16 allowed denied", "socket (41) with arguments 0x10"},
	{"the high word ignored", "ld arg1hi\n\tjgt 1 denied .\n\tjeq 1 . allowed\n\tld arg1\n\tjgt 5 denied allowed", "ld arg1\n\tjgt 5 denied allowed", "lseek (8) with arguments 0x0 0x200000000"},
	{"each word compared by itself", "jeq 1 . allowed", "", "lseek (8) with arguments 0x0 0x6"},
	{"high and low word exchanged", "ld arg1hi\n\tjgt 1 denied .\n\tjeq 1 . allowed\n\tld arg1\n", "ld arg1\n\tjgt 1 denied .\n\tjeq 1 . allowed\n\tld arg1hi\n", "lseek (8) with arguments 0x0 0x200000000"},
	{"an inclusive bound exclusive", "jgt 5 denied allowed", "jge 5 denied allowed", "lseek (8) with arguments 0x0 0x100000005"},
	{"off by one above", "jgt 9 denied allowed", "jgt 10 denied allowed", "fcntl (72) with arguments 0x0 0xa"},
	{"off by one below", "jge 3 . denied", "jge 2 . denied", "fcntl (72) with arguments 0x0 0x2"},
	{"the lower bound is left out", "jge 3 . denied", "", "fcntl (72) with arguments 0x0 0x0"},
	{"a mask without a bit of it", "and 0xff", "and 0x7f", "madvise (28) with arguments 0x0 0x9200000000"},
	{"a mask left out", "and 0xff", "", "madvise (28) with arguments 0x0 0x11200000000"},
	{"a mask on the wrong word", "ld arg1hi\n\tand 0xff", "ld arg1\n\tand 0xff", "madvise (28) with arguments 0x0 0x12"},
	{"the caller's address decides", "ld arch\n", "ld ip\n\tjeq 0x1234 allowed .\n\tld arch\n", "from address 0x1234"},
}

func TestBrokenFilters(t *testing.T) {
	r := handRules(t)
	right := strings.Replace(whole, "KNOWN", known(), 1)
	if m, wrong := mismatch(t, filter.AMD64, assemble(t, right), r); wrong {
		t.Fatalf("the program without a fault: %v", m)
	}
	for _, b := range broken {
		text := strings.Replace(whole, b.old, b.new, 1)
		if text == whole {
			t.Errorf("%s: nothing is broken", b.name)
			continue
		}
		m, wrong := mismatch(t, filter.AMD64, assemble(t, strings.Replace(text, "KNOWN", known(), 1)), r)
		switch {
		case !wrong:
			t.Errorf("%s: taken for right", b.name)
		case !strings.Contains(m.Error(), b.witness):
			t.Errorf("%s: %v, want a witness like %q", b.name, m, b.witness)
		}
	}
}

// What no compiler of ours makes is refused even where no call can tell.
func TestForeignHabitsAreRefused(t *testing.T) {
	r := handRules(t)
	for name, c := range map[string][2]string{
		"a look at the caller's address": {"ld ip\n", "looks at the instruction pointer"},
		"a verdict that nothing reaches": {"ja past\n\tret EACCES\npast:\n", "returns ERRNO(EACCES): not a verdict of these rules"},
	} {
		text := c[0] + strings.Replace(whole, "KNOWN", known(), 1)
		_, err := prove.Check(filter.AMD64, assemble(t, text), r)
		if err == nil || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
