package prove_test

import (
	"strconv"
	"strings"
	"testing"

	"casemate/policy/filter"
	"casemate/policy/filtertest"
)

// assemble makes a program of text, a line an instruction, so that a test can break one
// where a reader sees it:
//
//	ld   nr | arch | ip | iphi | arg0 … arg5 | arg0hi … arg5hi
//	and  MASK
//	jeq  VALUE YES NO     also jgt, jge, jset; a way is a label, or . for the next line
//	ja   WAY
//	ret  VERDICT
//	name:
//
// A value is a number, an architecture, or a system call of amd64.
func assemble(t testing.TB, text string) []byte {
	t.Helper()
	var lines [][]string
	labels := map[string]int{}
	for _, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, ";")
		if label, ok := strings.CutSuffix(strings.TrimSpace(line), ":"); ok {
			labels[label] = len(lines)
		} else if f := strings.Fields(line); len(f) > 0 {
			lines = append(lines, f)
		}
	}
	var b []byte
	for i, f := range lines {
		way := func(n int) int {
			if f[n] == "." {
				return 0
			}
			at, ok := labels[f[n]]
			if !ok || at <= i || f[0] != "ja" && at-i-1 > 255 {
				t.Fatalf("line %d: %q: no way to %s", i, f, f[n])
			}
			return at - i - 1
		}
		code, jt, jf, k := uint16(0), 0, 0, uint32(0)
		switch f[0] {
		case "ld":
			code, k = 0x20, wordAt(t, f[1])
		case "and":
			code, k = 0x54, value(t, f[1])
		case "ja":
			code, k = 0x05, uint32(way(1))
		case "ret":
			code, k = 0x06, verdict(t, f[1])
		default:
			code = map[string]uint16{"jeq": 0x15, "jgt": 0x25, "jge": 0x35, "jset": 0x45}[f[0]]
			k, jt, jf = value(t, f[1]), way(2), way(3)
		}
		b = filtertest.Record(b, code, uint8(jt), uint8(jf), k)
	}
	return b
}

func wordAt(t testing.TB, name string) uint32 {
	t.Helper()
	if at, ok := map[string]uint32{"nr": 0, "arch": 4, "ip": 8, "iphi": 12}[name]; ok {
		return at
	}
	arg, high := strings.CutSuffix(strings.TrimPrefix(name, "arg"), "hi")
	n, err := strconv.Atoi(arg)
	if err != nil || n > 5 {
		t.Fatalf("no word %q", name)
	}
	if high {
		return uint32(20 + 8*n)
	}
	return uint32(16 + 8*n)
}

func value(t testing.TB, text string) uint32 {
	t.Helper()
	if arch, err := filter.ParseArch(text); err == nil {
		return arch.AuditArch()
	}
	if nr, ok := filter.Number(filter.AMD64, text); ok {
		return uint32(nr)
	}
	v, err := strconv.ParseUint(text, 0, 32)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(v)
}

func verdict(t testing.TB, text string) uint32 {
	t.Helper()
	if text == "allow" {
		return uint32(filter.ActionAllow)
	}
	if a, err := filter.ParseAction(text); err == nil {
		return uint32(a)
	}
	return value(t, text)
}
