package audit

import (
	"crypto/ed25519"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"casemate/internal/sealed"
	"casemate/policy/filter"

	"golang.org/x/sys/unix"
)

// ins is struct sock_filter.
type ins struct {
	code   uint16
	jt, jf uint8
	k      uint32
}

func load(offset uint32) ins         { return ins{unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, 0, 0, offset} }
func jeq(k uint32, jt, jf uint8) ins { return ins{unix.BPF_JMP | unix.BPF_JEQ, jt, jf, k} }
func jge(k uint32, jt, jf uint8) ins { return ins{unix.BPF_JMP | unix.BPF_JGE, jt, jf, k} }
func ret(k uint32) ins               { return ins{unix.BPF_RET, 0, 0, k} }

func assembled(list ...ins) []byte {
	var b []byte
	for _, i := range list {
		b = binary.LittleEndian.AppendUint16(b, i.code)
		b = append(b, i.jt, i.jf)
		b = binary.LittleEndian.AppendUint32(b, i.k)
	}
	return b
}

const (
	allow  = unix.SECCOMP_RET_ALLOW
	kill   = unix.SECCOMP_RET_KILL_PROCESS
	eperm  = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	enosys = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
)

// native puts the test of the architecture before instructions, and loads the number.
func native(list ...ins) []byte {
	return assembled(slices.Concat([]ins{load(4), jeq(sealed.ArchAMD64, 1, 0), ret(kill), load(0)}, list)...)
}

// hands are sealed policies that no compiler of ours makes. The close one is always
// what the compiler makes of the same text.
var hands = []struct {
	rule, subject, message string // a part of the message
	severity               Severity
	text                   string
	change                 func(*sealed.Policy)
}{
	{"SC-001", "seccomp.default", "allows what nobody listed", Critical, "", filtered(native(ret(allow)))},
	{"SC-001", "seccomp.default", "allows what nobody listed", Critical, "", filtered(native(ret(unix.SECCOMP_RET_LOG)))},
	{"SC-002", "seccomp amd64", "cannot be judged", Critical, "", filtered(assembled(ins{unix.BPF_ST, 0, 0, 0}, ret(eperm)))},
	{"SC-003", "seccomp.bad_arch amd64", "allows calls of architecture 0x0", Critical, "", filtered(assembled(load(0), jeq(0, 0, 1), ret(allow), ret(eperm)))},
	{"SC-004", "seccomp.bad_arch x32", "allows the x32 call 0x40000000 (the call of amd64 with its number gets ERRNO(EPERM))", High, "", filtered(native(jge(0x40000000, 0, 1), ret(allow), ret(eperm)))},
	{"SC-005", "seccomp.bad_arch amd64", "32-bit entry", High, "",
		filtered(assembled(load(4), jeq(0x40000003, 0, 1), ret(allow), jeq(sealed.ArchAMD64, 1, 0), ret(kill), ret(eperm)))},
	{"SC-006", "seccomp.unknown", "get ALLOW", High, "", filtered(native(jge(500, 0, 2), jge(0x40000000, 1, 0), ret(allow), ret(eperm)))},
	{"SC-006", "seccomp.unknown", "get ALLOW", High, "arch = [\"arm64\"]", filtered(assembled(load(4), jeq(sealed.ArchARM64, 1, 0), ret(kill), load(0), jge(0x50000000, 0, 1), ret(allow), ret(enosys)))},
	{"SC-008", "seccomp.clone3", "flags through a pointer", High, "", filtered(native(jeq(435, 0, 1), ret(allow), jeq(56, 1, 0), ret(eperm), load(16), jeq(17, 0, 1), ret(allow), ret(eperm)))},
	{"SC-010", "seccomp.clone3", "reaches a new user namespace", High, "", filtered(native(jeq(435, 0, 1), ret(allow), ret(eperm)))},
	{"SC-025", "seccomp amd64", "has the verdict USER_NOTIF", Medium, "", filtered(native(jeq(1, 0, 1), ret(unix.SECCOMP_RET_USER_NOTIF), ret(eperm)))},
	{"SC-025", "seccomp amd64", "has the verdict TRACE", Medium, "", filtered(native(jeq(1, 0, 1), ret(unix.SECCOMP_RET_TRACE), ret(eperm)))},
	{"SC-026", "seccomp amd64", "has the verdict KILL_THREAD", Medium, "", filtered(native(jeq(1, 0, 1), ret(unix.SECCOMP_RET_KILL_THREAD), ret(eperm)))},
	{"SC-029", "seccomp amd64", "looks at the instruction pointer", Medium, "", filtered(native(jeq(1, 0, 3), load(8), jeq(7, 0, 1), ret(allow), ret(eperm)))},
	{"SC-029", "seccomp.openat", "depends on pathname, a pointer", Medium, "", filtered(native(jeq(257, 0, 3), load(24), jeq(7, 0, 1), ret(allow), ret(eperm)))},
	{"SC-030", "seccomp amd64", "1105 instructions", Low, "", filtered(native(append(slices.Repeat([]ins{jeq(1, 0, 0)}, 1100), ret(eperm))...))},
	{"SC-033", "seccomp.exit_group", "denies exit_group", Medium, "", filtered(native(ret(eperm)))},
	{"FS-004", "masks./proc/kcore", "is not masked", High, "", func(p *sealed.Policy) {
		p.Masks = slices.DeleteFunc(p.Masks, func(m sealed.Path) bool { return m.Path == "/proc/kcore" })
	}},
	{"CG-003", "mounts./dev", "is writable", Low, "", func(p *sealed.Policy) {
		for i := range p.Mounts {
			p.Mounts[i].Writable = p.Mounts[i].Writable || p.Mounts[i].Kind == sealed.Dev
		}
	}},
	{"LSM-002", "lsm.apparmor", "the profile is unconfined", High, `lsm.apparmor.profile = "x"`, func(p *sealed.Policy) { p.LSM.AppArmor.Text = "unconfined" }},
}

// filtered puts another program into a policy.
func filtered(b []byte) func(*sealed.Policy) {
	return func(p *sealed.Policy) { p.Filters[0].Program = b }
}

func TestRulesOnOtherHands(t *testing.T) {
	for _, c := range hands {
		t.Run(c.rule+" "+c.message, func(t *testing.T) {
			text := head + c.text
			if strings.HasPrefix(c.text, "arch") {
				text = strings.Replace(head, "arch = [\"amd64\"]", c.text, 1)
			}
			s := byOtherHands(t, text, c.change)
			f := of(audited(s), c.rule, c.subject)
			if f == nil {
				t.Fatalf("not found: %v", findings(audited(s), c.rule))
			}
			if f.Severity != c.severity || !strings.Contains(f.Message, c.message) {
				t.Errorf("%s: %s", f.Severity, f.Message)
			}
			if f.Place.File != "x.sealed" || f.Place.Line != 0 {
				t.Errorf("at %s", f.where())
			}
			f.shows(t, s)
			close := byOtherHands(t, text, func(*sealed.Policy) {})
			if f := of(audited(close), c.rule, c.subject); f != nil {
				t.Errorf("found in what the compiler makes: %s", f.Message)
			}
		})
	}
}

// shows demands that the program says of a witness what the finding says it does.
func (f *Finding) shows(t *testing.T, s *Subject) {
	t.Helper()
	if f.Witness == nil {
		return
	}
	for _, p := range s.File.Policy.Filters {
		if p.Arch != f.Witness.Arch.AuditArch() {
			continue
		}
		if got := walked(p).code.Run(f.Witness.Call); got != f.Witness.Verdict {
			t.Errorf("the witness %s gets %s", f.Witness, got)
		}
	}
}

// A sealed filter is proved against the text beside it, whatever else is right.
func TestUnlikeRules(t *testing.T) {
	s := compiled(t, head+`seccomp.allow = ["@io"]`)
	s.Sealed = true
	if r := audited(s); r.Unproved() || len(findings(r, "SEAL-002")) != 0 {
		t.Fatalf("%+v", r.Findings)
	}
	weaker := *s.File.Policy
	weaker.Filters = slices.Clone(weaker.Filters)
	weaker.Filters[0].Program = slices.Clone(weaker.Filters[0].Program)
	// The last instruction that returns EPERM allows instead.
	b := weaker.Filters[0].Program
	for i := len(b) - 8; i >= 0; i -= 8 {
		if binary.LittleEndian.Uint32(b[i+4:]) == eperm && b[i] == unix.BPF_RET {
			binary.LittleEndian.PutUint32(b[i+4:], allow)
			break
		}
	}
	broken := &Subject{Path: "x.sealed", File: sealedOf(t, &weaker), Sealed: true, Text: s.Text}
	r := audited(broken)
	f := of(r, "SC-002", "seccomp amd64")
	if f == nil || !r.Unproved() || f.Witness == nil || f.Witness.Verdict != filter.ActionAllow {
		t.Fatalf("%+v", f)
	}
	f.shows(t, broken)
	if !strings.Contains(f.Message, "declared ERRNO(EPERM)") {
		t.Error(f.Message)
	}
}

func TestSignatures(t *testing.T) {
	policy := compiled(t, head).File.Policy
	public, private, _ := ed25519.GenerateKey(nil)
	other, _, _ := ed25519.GenerateKey(nil)
	file := func(key ed25519.PrivateKey) *sealed.File { return signedBy(t, policy, key) }
	for name, c := range map[string]struct {
		file   *sealed.File
		sealed bool
		keys   []ed25519.PublicKey
		want   Severity
	}{
		"a text":                     {file(nil), false, nil, 0},
		"a text where keys are":      {file(nil), false, []ed25519.PublicKey{public}, 0},
		"unsigned":                   {file(nil), true, nil, Low},
		"unsigned where keys are":    {file(nil), true, []ed25519.PublicKey{public}, Critical},
		"signed":                     {file(private), true, nil, 0},
		"signed by a trusted key":    {file(private), true, []ed25519.PublicKey{other, public}, 0},
		"signed by an untrusted key": {file(private), true, []ed25519.PublicKey{other}, Critical},
	} {
		r := Audit(&Subject{Path: "x", File: c.file, Sealed: c.sealed}, Options{Level: Baseline, Today: today, Keys: c.keys})
		got := Severity(0)
		if f := of(r, "SEAL-001", "signature"); f != nil {
			got = f.Severity
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestOtherInputs(t *testing.T) {
	for name, c := range map[string]struct {
		change        func(*sealed.Policy)
		rule, subject string
		severity      Severity
	}{
		"a group has changed": {func(p *sealed.Policy) { change(p, "group", "@io") }, "SEAL-002", "input group @io", High},
		"a base is gone": {func(p *sealed.Policy) { p.Inputs = append(p.Inputs, sealed.Input{Kind: "base", Name: "base/gone"}) },
			"SEAL-002", "input base base/gone", High},
		"another compiler": {func(p *sealed.Policy) {
			p.Inputs = append(p.Inputs, sealed.Input{Kind: "compiler", Name: "casemate 0.0.1"})
		}, "SEAL-002", "input compiler casemate 0.0.1", Low},
		"accounts have changed": {func(p *sealed.Policy) { change(p, "passwd", "users of passwd") }, "SEAL-002", "input passwd users of passwd", Low},
		"a limit less":          {func(p *sealed.Policy) { p.Limits = nil }, "SEAL-002", "contents", High},
		"no filter of one":      {func(p *sealed.Policy) { p.Filters = p.Filters[:1] }, "SEAL-003", "arch arm64", Medium},
	} {
		text := strings.Replace(head, `arch = ["amd64"]`, `arch = ["amd64", "arm64"]`, 1) + "exec.user = \"www\"\nseccomp.allow = [\"@io\"]\ncgroup.pids.max = 5\n"
		s := compiled(t, text)
		s.Sealed = true
		if r := audited(s); of(r, c.rule, c.subject) != nil {
			t.Errorf("%s: found before", name)
		}
		changed := *s.File.Policy
		changed.Inputs = slices.Clone(changed.Inputs)
		c.change(&changed)
		f := of(audited(&Subject{Path: "x.sealed", File: sealedOf(t, &changed), Sealed: true, Text: s.Text}), c.rule, c.subject)
		if f == nil || f.Severity != c.severity {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// change makes the digest of an input another one.
func change(p *sealed.Policy, kind, name string) {
	for i := range p.Inputs {
		if in := &p.Inputs[i]; in.Kind == kind && in.Name == name {
			in.Digest[0]++
		}
	}
}

// counting is a program whose verdict is the sum of the low two bits of twelve words: in
// some 400 instructions, 4^12 boxes of calls.
func counting() []byte {
	const head, size, rows = 3, 9, 12
	list := []ins{load(4), jeq(sealed.ArchAMD64, 1, 0), ret(kill)}
	block := func(row, sum int) int { // where a sum goes on after row words; after the last, its verdict
		if row == rows {
			return head + size*rows*4 + sum%4
		}
		return head + size*(4*row+sum%4)
	}
	for row := range rows {
		for sum := range 4 {
			list = append(list, load(uint32(16+4*row)), ins{unix.BPF_ALU | unix.BPF_AND, 0, 0, 3}, jeq(1, 3, 0), jeq(2, 3, 0), jeq(3, 3, 0))
			for more := range 4 {
				list = append(list, ins{unix.BPF_JMP | unix.BPF_JA, 0, 0, uint32(block(row+1, sum+more) - len(list) - 1)})
			}
		}
	}
	return assembled(append(list, ret(eperm), ret(enosys), ret(allow), ret(kill))...)
}

// A filter that nobody can say anything about in bounded work is called that.
func TestHostileFilter(t *testing.T) {
	r := audited(byOtherHands(t, head, filtered(counting())))
	if f := of(r, "SC-002", "seccomp amd64"); f == nil || !strings.Contains(f.Message, "cannot be judged") || !r.Unproved() {
		t.Errorf("%+v", f)
	}
	if r.Effective.Calls["amd64"] != 0 {
		t.Error("calls are counted that nobody has seen")
	}
}
