package compile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"casemate/internal/exit"
	"casemate/policy/filter"
	"casemate/policy/prove"
	"casemate/policy/seccomp"
	"casemate/policy/syntax"
)

const provable = `
[seccomp]
allow = ["read", "openat", "mprotect"]
kill  = ["ptrace"]
when.mprotect = "prot & PROT_EXEC == 0"
`

// provableRules are those of the fragment above, with its programs for amd64.
func provableRules(t *testing.T) (filter.Rules, []seccomp.Program) {
	t.Helper()
	t.Chdir(t.TempDir())
	writePolicy(t, head+provable)
	r, err := Compile("p.toml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	programs, err := seccomp.Compile(filter.AMD64, r.Rules)
	if err != nil {
		t.Fatal(err)
	}
	return r.Rules, programs
}

// judge has programs proved as a compilation does.
func judge(t *testing.T, rules filter.Rules, programs []seccomp.Program) *compiler {
	t.Helper()
	file, err := syntax.Parse("p.toml", []byte(head+provable))
	if err != nil {
		t.Fatal(err)
	}
	c := &compiler{name: "p.toml", file: file, rules: rules}
	c.proved(filter.AMD64, programs)
	return c
}

func TestEveryFilterIsProved(t *testing.T) {
	t.Chdir(t.TempDir())
	writePolicy(t, strings.Replace(head, `"amd64"`, `"amd64", "arm64"`, 1)+provable)
	r, err := Compile("p.toml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Policy.Filters {
		sealed := slices.IndexFunc(r.Proofs, func(p Proved) bool { return p.Arch.AuditArch() == f.Arch && p.By == f.By })
		if sealed < 0 || r.Proofs[sealed].Instructions != len(f.Program)/8 {
			t.Errorf("%#x: no proof of the sealed filter among %v", f.Arch, r.Proofs)
		}
	}
	if len(r.Proofs) != 4 {
		t.Errorf("%d proofs, want one for each program that was compiled: %v", len(r.Proofs), r.Proofs)
	}
}

// words is what is said of a program that allows what the default denies.
const words = ": the filter for amd64 is not what the policy declares: " +
	"open (2) with arguments 0x0 0x0 0x0 0x0 0x0 0x0: declared ERRNO(EPERM) (seccomp.default), compiled ALLOW; " +
	"replayed in another BPF machine: ALLOW too; "

// A program of ours that is not what the rules mean ends the compilation with the tool's
// code for it and says how to see it.
func TestWrongFilterEndsTheCompilation(t *testing.T) {
	rules, programs := provableRules(t)
	if c := judge(t, rules, programs); c.broken != nil || len(c.proofs) != len(programs) || len(c.warnings) != 0 {
		t.Fatal(c.broken, c.warnings)
	}
	list := slices.Clone(programs)
	list[0].Bytes = allowing(list[0].Bytes)
	c := judge(t, rules, list)
	var coded *exit.Error
	if !errors.As(c.broken, &coded) || coded.Code != exit.ToolProof {
		t.Fatal(c.broken)
	}
	var m *prove.Mismatch
	if !errors.As(c.broken, &m) || m.Compiled != filter.ActionAllow || m.Declared == filter.ActionAllow {
		t.Error(c.broken)
	}
	if got, want := c.broken.Error(), "p.toml: BUG of "+seccomp.Own+words+"nothing is written"; got != want {
		t.Errorf("\ngot  %s\nwant %s", got, want)
	}
}

// A program of the library's that is wrong is put aside, however short it is, and said.
func TestWrongFilterOfTheLibraryIsNotUsed(t *testing.T) {
	rules, programs := provableRules(t)
	list := slices.Clone(programs)
	list[1].Bytes = allowing(list[1].Bytes)
	c := judge(t, rules, nil)
	good := c.proved(filter.AMD64, list)
	if c.broken != nil || len(good) != 1 || good[0].By != seccomp.Own || len(c.proofs) != 1 {
		t.Fatalf("%v, %d programs", c.broken, len(good))
	}
	if want := []string{"p.toml: BUG of " + list[1].By + words + "its program is not used"}; !slices.Equal(c.warnings, want) {
		t.Errorf("\ngot  %s\nwant %s", c.warnings, want)
	}
}

// allowing lets pass what the policy's default denies.
func allowing(program []byte) []byte {
	b := bytes.Clone(program)
	for i := 4; i < len(b); i += 8 {
		if k := b[i:]; binary.LittleEndian.Uint32(k) == uint32(filter.ActionEPERM) {
			binary.LittleEndian.PutUint32(k, uint32(filter.ActionAllow))
		}
	}
	return b
}

// A witness that another machine does not confirm is a bug of the prover's, and no
// reason to write anything.
func TestWitnessIsReplayed(t *testing.T) {
	_, programs := provableRules(t)
	m := &prove.Mismatch{Arch: filter.AMD64, Declared: filter.ActionEPERM, Compiled: filter.ActionAllow}
	for want, program := range map[string][]byte{
		"BUG: prover and VM differ: replayed, it is KILL_PROCESS": programs[0].Bytes,
		"it cannot be replayed":                                   programs[0].Bytes[:8],
	} {
		err := witnessed(program, m)
		if !errors.Is(err, error(m)) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// What cannot be judged is a fault of the policy's condition, which is named, and not a
// wrong filter: whether a bit of one argument meets its like in another, for all 32.
func TestUnprovableConditionIsRefused(t *testing.T) {
	var pairs []string
	for bit := range 32 {
		pairs = append(pairs, fmt.Sprintf("offset & %#x != 0 && whence & %#[1]x != 0", 1<<bit))
	}
	refuse(t, `
[seccomp]
allow = ["lseek"]
when.lseek = "`+strings.Join(pairs, " || ")+`"
`, `p.toml:6:2: the filter cannot be proved: the condition of lseek (p.toml:8) for amd64: too complex to be judged: "amd64"; hint: write fewer comparisons of one argument beside those of another`)
}

func writePolicy(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile("p.toml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
