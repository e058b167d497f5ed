package prove_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"casemate/policy/filter"
	"casemate/policy/filtertest"
	"casemate/policy/prove"
)

// made is a program of records.
func made(records ...[4]uint32) []byte {
	var b []byte
	for _, r := range records {
		b = filtertest.Record(b, uint16(r[0]), uint8(r[1]), uint8(r[2]), r[3])
	}
	return b
}

var allow = [4]uint32{filtertest.Ret, 0, 0, 0x7fff0000}

// Each refusal names the instruction and the reason.
func TestParseRefuses(t *testing.T) {
	long := bytes.Repeat(made(allow), prove.MaxInstructions)
	for _, c := range []struct {
		name    string
		program []byte
		want    string
	}{
		{"nothing", nil, "program of 0 instructions: the kernel takes 1 to 4096"},
		{"half an instruction", made(allow)[:4], "program of 4 bytes: not a list of 8-byte instructions"},
		{"too long", append(long, made(allow)...), "program of 4097 instructions: the kernel takes 1 to 4096"},
		{"no end", made([4]uint32{filtertest.Load}), "instruction 0: the last one does not return"},
		{"ends in a jump", made(allow, [4]uint32{filtertest.Jump}), "instruction 1: jumps 0 instructions ahead, and 0 follow"},
		{"load past the data", made([4]uint32{filtertest.Load, 0, 0, 64}, allow), "instruction 0: loads from 64: not a word of struct seccomp_data"},
		{"load at an odd place", made([4]uint32{filtertest.Load, 0, 0, 18}, allow), "instruction 0: loads from 18: not a word of struct seccomp_data"},
		{"load of the packet's extensions", made([4]uint32{filtertest.Load, 0, 0, 0xfffff000}, allow), "instruction 0: loads from 4294963200: not a word of struct seccomp_data"},
		{"load of a byte", made([4]uint32{0x30, 0, 0, 0}, allow), "instruction 0: code 0x30: not an instruction of seccomp programs"},
		{"load by the index", made([4]uint32{0x40, 0, 0, 0}, allow), "instruction 0: code 0x40: not an instruction of seccomp programs"},
		{"length of the data", made([4]uint32{0x80, 0, 0, 0}, allow), "instruction 0: code 0x80: not an instruction of seccomp programs"},
		{"a constant", made([4]uint32{0x00, 0, 0, 0}, allow), "instruction 0: code 0x00: loads a constant"},
		{"scratch memory", made([4]uint32{0x60, 0, 0, 0}, allow), "instruction 0: code 0x60: uses scratch memory"},
		{"store", made([4]uint32{0x02, 0, 0, 0}, allow), "instruction 0: code 0x02: uses scratch memory"},
		{"index register", made([4]uint32{0x07, 0, 0, 0}, allow), "instruction 0: code 0x07: uses the index register"},
		{"comparison with the index", made([4]uint32{0x1d, 0, 0, 0}, allow), "instruction 0: code 0x1d: uses the index register"},
		{"addition", made([4]uint32{0x04, 0, 0, 1}, allow), "instruction 0: code 0x04: arithmetic other than AND"},
		{"AND with the index", made([4]uint32{0x5c, 0, 0, 1}, allow), "instruction 0: code 0x5c: uses the index register"},
		{"verdict from the accumulator", made([4]uint32{0x16, 0, 0, 0}), "instruction 0: code 0x16: returns the accumulator, a verdict that nothing bounds"},
		{"jump past the end", made([4]uint32{filtertest.Jump, 0, 0, 1}, allow), "instruction 0: jumps 1 instructions ahead, and 1 follow"},
		{"jump around the end", made([4]uint32{filtertest.Jump, 0, 0, 0xffffffff}, allow), "instruction 0: jumps 4294967295 instructions ahead, and 1 follow"},
		{"condition past the end", made([4]uint32{filtertest.JEQ, 0, 1, 0}, allow), "instruction 0: jumps 1 instructions ahead, and 1 follow"},
		{"unknown action", made([4]uint32{filtertest.Ret, 0, 0, 0x7ffe0000}), "instruction 0: returns 0x7ffe0000: no action of seccomp(2)"},
		{"errno too great", made([4]uint32{filtertest.Ret, 0, 0, 0x00051000}), "instruction 0: returns errno 4096: the greatest is 4095"},
		{"high bits of the code", made([4]uint32{0x120, 0, 0, 0}, allow), "instruction 0: code 0x120: not an instruction of seccomp programs"},
	} {
		if _, err := prove.Parse(c.program); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if p, err := prove.Parse(long); err != nil || p.Len() != prove.MaxInstructions {
		t.Errorf("the longest program: %v", err)
	}
}

// Other people's verdicts are read; what nothing reaches is named.
func TestParseReads(t *testing.T) {
	p := parsed(t, made(
		[4]uint32{filtertest.Load}, [4]uint32{filtertest.JEQ, 0, 2, 7}, [4]uint32{filtertest.Ret, 0, 0, 0x7ff00003}, [4]uint32{filtertest.Ret, 0, 0, 0x7ffc0000},
		[4]uint32{filtertest.Jump, 0, 0, 1}, [4]uint32{filtertest.Ret, 0, 0, 0x00030000}, [4]uint32{filtertest.Ret, 0, 0, 0x7fc00000}))
	if got := p.Unreachable(); !slices.Equal(got, []int{3, 5}) {
		t.Errorf("unreachable: %v", got)
	}
	var names []string
	for _, a := range p.Verdicts() {
		names = append(names, a.String())
	}
	if got := strings.Join(names, " "); got != "TRACE(3) USER_NOTIF" {
		t.Errorf("verdicts: %s", got)
	}
	if got := p.Run(filter.Call{NR: 7}).String(); got != "TRACE(3)" {
		t.Errorf("run: %s", got)
	}
}
