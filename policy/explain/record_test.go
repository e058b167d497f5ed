package explain

import (
	"errors"
	"strings"
	"testing"

	"casemate/policy/filter"
)

const tail = `auid=4294967295 uid=33 gid=33 ses=4294967295 subj=unconfined pid=1234 comm="ngi nx" exe="/usr/sbin/nginx" sig=0 arch=c000003e syscall=165 compat=0 ip=0x7f0000001234 code=0x50000`

func TestParseRecord(t *testing.T) {
	want := Record{Arch: 0xc000003e, NR: 165, Action: 0x50000, Comm: "ngi nx"}
	for _, head := range []string{
		"type=1326 audit(1700000000.123:45): ", "[ 1234.567890] audit: type=1326 audit(1700000000.123:45): ",
		"Nov 26 07:33:42 host kernel: audit: type=1326 audit(1.2:3): ", "type=SECCOMP msg=audit(1700000000.123:45): ",
	} {
		for _, end := range []string{"", "\n", "\x1dARCH=x86_64 SYSCALL=mount AUID=\"unset\""} {
			if r, err := ParseRecord(head + tail + end); err != nil || *r != want {
				t.Errorf("%q: %+v %v", head+end, r, err)
			}
		}
	}
	if r, err := ParseRecord("type=1326 audit(1.2:3): arch=c00000b7 syscall=-1 code=0x7ffc0000"); err != nil || r.NR != filter.Skipped {
		t.Error(r, err)
	}
}

func TestParseRecordRefuses(t *testing.T) {
	head := "type=1326 audit(1.2:3): "
	for _, test := range []struct{ line, want string }{
		{"", "not a seccomp record"},
		{"type=1300 audit(1.2:3): " + tail, "not a seccomp record"},
		{"xtype=1326 audit(1.2:3): " + tail, "not a seccomp record"},
		{"type=1326 audit(now): " + tail, "not a seccomp record"},
		{"type=1326 " + tail, "not a seccomp record"},
		{head, "the field arch is missing"},
		{head + strings.Replace(tail, "arch=c000003e ", "", 1), "the field arch is missing"},
		{head + strings.Replace(tail, "code=0x50000", "", 1), "the field code is missing"},
		{head + strings.Replace(tail, "syscall=165 ", "", 1), "the field syscall is missing"},
		{head + tail + " syscall=1", "syscall: the field is there twice"},
		{head + strings.Replace(tail, "165", "0xa5", 1), "syscall=0xa5: not a number"},
		{head + strings.Replace(tail, "165", "-2", 1), "syscall=-2: not a number"},
		{head + strings.Replace(tail, "165", "4294967296", 1), "not a number"},
		{head + strings.Replace(tail, "c000003e", "1c000003e", 1), "not a number"},
		{head + strings.Replace(tail, "0x50000", "50000", 1), "code=50000: not a number"},
		{head + "arch=c000003e nonsense syscall=1 code=0x0", "a field is wanted here"},
		{head + `comm="x`, "has no end"},
		{head + `comm="x"y=1`, "has no end"},
		{head + "comm=\"a\x1b[31m\" " + tail, "not one printable line"},
		{head + "comm=\"\xff\" " + tail, "not one printable line"},
		{head + "comm=\"\u009b31m\" " + tail, "not one printable line"},
		{head + strings.Repeat("x", MaxRecord), "longer than"},
	} {
		r, err := ParseRecord(test.line)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.60q: %+v %v, not %q", test.line, r, err, test.want)
		}
	}
}

func TestLog(t *testing.T) {
	s := compiled(t, policy)
	for _, test := range []struct {
		record  Record
		allowed bool
		parts   []string
	}{
		{Record{0xc000003e, 165, 0x50000, "x"}, false, []string{`calls itself "x"`, "answered ERRNO", "mount (165): EPERM", `add "mount"`, "!another one"}},
		{Record{0xc000003e, 165, filter.ActionKillProcess, ""}, false, []string{"a program made", "never answers KILL_PROCESS here: the record is of another one"}},
		{Record{0xc000003e, 135, 0x50000, ""}, true, []string{"personality (135): it depends"}},
		{Record{0x40000003, 11, filter.ActionKillProcess, ""}, false, []string{"i386 number 11: KILL_PROCESS", "another ABI"}},
		{Record{0xc00000b7, 40, 0x50000, ""}, false, []string{"arm64 mount (40): EPERM"}},
		{Record{0x40000028, 21, filter.ActionKillProcess, ""}, false, []string{"arm number 21: KILL_PROCESS"}},
	} {
		a, err := Log(s, &test.record)
		expect(t, test.record.Comm, a, err, test.allowed, test.parts...)
	}
	if _, err := Log(s, &Record{Arch: 0xc00000f3, NR: 1}); err == nil || !strings.Contains(err.Error(), "riscv64") {
		t.Error(err)
	}
}

// FuzzRecord: any line is refused in one printable line, or becomes a record that can be
// explained, in printable lines.
func FuzzRecord(f *testing.F) {
	f.Add("type=1326 audit(1.2:3): " + tail)
	f.Add("[ 1.2] audit: type=1326 audit(1.2:3): arch=40000003 syscall=-1 code=0x0")
	f.Add("type=SECCOMP msg=audit(1.2:3): " + tail + "\x1dARCH=x86_64")
	f.Add(`type=1326 audit(1.2:3): comm="a"b arch= syscall code=`)
	f.Add("type=1326 audit(1.2:3): arch=c00000b7 arch=c00000b7")
	s := compiled(f, "policy = 1\nservice = 'one'\nexec.argv = ['/x']\n")
	f.Fuzz(func(t *testing.T, line string) {
		r, err := ParseRecord(line)
		if err != nil {
			if errors.Is(err, ErrNoRecord) == (err.Error() != ErrNoRecord.Error()) || strings.ContainsFunc(err.Error(), unprintable) {
				t.Fatalf("%q", err)
			}
			return
		}
		a, err := Log(s, r)
		if err != nil {
			return // of an architecture that the policy does not have
		}
		for _, l := range a.Lines {
			if len(l) > 4*MaxRecord || strings.ContainsFunc(l, unprintable) {
				t.Fatalf("%q", l)
			}
		}
	})
}
