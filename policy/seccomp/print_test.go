package seccomp

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casemate/policy/filter"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// The prologue is ours alone and does not change with libseccomp: it is kept as
// text for both architectures.
func TestPrologueText(t *testing.T) {
	r := usual(nil, nil)
	decided := []verdict{
		{nr: 462, action: filter.ActionAllow}, {nr: 463, action: filter.ActionAllow}, {nr: 464, action: filter.ActionAllow}, {nr: 470, action: filter.ActionKillProcess},
	}
	for _, arch := range filter.Arches() {
		text, err := Print(encode(append(prologue(arch, r, decided), ret(r.Default))))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "prologue-"+string(arch)+".txt", text)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what is made now (go test -update rewrites it):\n%s", path, got)
	}
}

func TestPrint(t *testing.T) {
	code := []instruction{
		load(offsetArch), jump(opJEQ, filter.ARM64.AuditArch(), 1, 0), ret(filter.ActionKillProcess),
		load(offsetNR), jump(opJEQ, 198, 0, 6),
		load(offsetArgs + 12), {code: opAnd, k: 0xf0}, jump(opJSet, 0x10, 0, 1),
		{code: opJump, k: 3},
		load(offsetArgs), jump(opJGT, 5, 0, 1),
		jump(opJGE, 7, 0, 0), // reached with arg0 and with nr: nothing is certain
		ret(filter.ActionAllow),
	}
	text, err := Print(encode(code))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"0001  jeq  #0xc00000b7, 0003, 0002             ; arch == arm64",
		"0002  ret  KILL_PROCESS",
		"0004  jeq  #0xc6, 0005, 0011                   ; nr == socket",
		"0007  jset #0x10, 0008, 0009                   ; arg1 high & 0xf0 & 0x10",
		"0008  ja   0012",
		"0010  jgt  #0x5, 0011, 0012                    ; arg0 > 0x5",
		"0011  jge  #0x7, 0012, 0012",
		"0012  ret  ALLOW",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
}

// Print takes what no compiler made without an accident.
func TestPrintStrange(t *testing.T) {
	text, err := Print(encode([]instruction{{code: 0xffff, jt: 1, jf: 2, k: 3}, {code: opJump, k: 0xffffffff}, jump(opJEQ, 1, 255, 255), load(99)}))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"?    code 0xffff jt 1 jf 2 k 0x3", "ja   4294967297", "ld   [99]"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
}

func TestPrintRefuses(t *testing.T) {
	for _, b := range [][]byte{nil, make([]byte, 7)} {
		if text, err := Print(b); err == nil {
			t.Errorf("Print of %d bytes: %q", len(b), text)
		}
	}
}
