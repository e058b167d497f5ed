package seccomp

import (
	"testing"

	"casemate/policy/filter"
	"casemate/policy/prove"
)

func TestEncode(t *testing.T) {
	program := []instruction{load(offsetArch), jump(opJEQ, 0xc000003e, 1, 2), ret(filter.ActionAllow)}
	b := encode(program)
	if want := "\x20\x00\x00\x00\x04\x00\x00\x00\x15\x00\x01\x02\x3e\x00\x00\xc0\x06\x00\x00\x00\x00\x00\xff\x7f"; string(b) != want {
		t.Errorf("got % x", b)
	}
	again, err := decode(b)
	if err != nil || len(again) != 3 || again[1] != program[1] {
		t.Errorf("decode: %v, %v", again, err)
	}
	for _, bad := range [][]byte{nil, {}, b[:7], b[:len(b)-1]} {
		if got, err := decode(bad); err == nil {
			t.Errorf("decode(% x) = %v", bad, got)
		}
	}
}

// A table with hundreds of gaps and hundreds of decided calls overflows no jump.
func TestPrologueIsRoomy(t *testing.T) {
	var p assembler
	var nrs []int
	var decided []verdict
	for nr := 1; nr < 2000; nr += 3 {
		nrs = append(nrs, nr, nr+1)
		if nr%2 == 1 {
			decided = append(decided, verdict{nr: nr, action: filter.ActionAllow})
		}
	}
	p.add(load(offsetNR))
	p.known(ranges(nrs), filter.ActionENOSYS)
	p.decide(decided)
	p.add(ret(filter.ActionEPERM))
	if _, err := prove.Parse(encode(p)); err != nil {
		t.Fatal(err)
	}
	m := newMachine(t, encode(p))
	for nr := range uint32(2010) {
		want := filter.ActionENOSYS
		if nr <= 2000 && nr%3 != 0 {
			want = filter.ActionEPERM
			if nr%3 == 1 && nr%2 == 1 {
				want = filter.ActionAllow
			}
		}
		if got := m.run(t, filter.Call{NR: nr}); got != want {
			t.Fatalf("%d: %s, want %s", nr, got, want)
		}
	}
}

func TestRanges(t *testing.T) {
	got := ranges([]int{0, 1, 2, 5, 7, 8})
	want := []span{{0, 2}, {5, 5}, {7, 8}}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("got %v, want %v", got, want)
	}
	if ranges(nil) != nil {
		t.Error("ranges of nothing")
	}
}
