package seccomp

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"casemate/policy/filter"
)

var someVerdicts = map[filter.Action]bool{filter.ActionAllow: true, filter.ActionEPERM: true}

func TestCheck(t *testing.T) {
	program := []instruction{load(offsetNR), jump(opJEQ, 1, 0, 1), ret(filter.ActionAllow), {code: opAnd, k: 1}, {code: opJump, k: 0}, ret(filter.ActionEPERM)}
	if err := check(program, someVerdicts); err != nil {
		t.Error(err)
	}
}

func TestCheckRefuses(t *testing.T) {
	last := ret(filter.ActionAllow)
	long := make([]instruction, MaxInstructions+1)
	for i := range long {
		long[i] = last
	}
	for _, c := range []struct {
		name    string
		program []instruction
		want    string
	}{
		{"empty", nil, "empty program"},
		{"too long", long, "4097 instructions"},
		{"no end", []instruction{load(0)}, "does not return"},
		{"jump to the end", []instruction{{code: opJump, k: 1}, last}, "instruction 0: jumps past the end"},
		{"jump far", []instruction{{code: opJump, k: 0xffffffff}, last}, "jumps past the end"},
		{"true branch", []instruction{jump(opJEQ, 0, 1, 0), last}, "jumps past the end"},
		{"false branch", []instruction{jump(opJSet, 0, 0, 255), last}, "jumps past the end"},
		{"another verdict", []instruction{ret(filter.ActionKillProcess), last}, "instruction 0: returns KILL_PROCESS"},
		{"kills a thread", []instruction{ret(0), last}, "returns KILL_THREAD"},
		{"allows with data", []instruction{ret(filter.ActionAllow | 1), last}, "returns ALLOW(1)"},
		{"unaligned load", []instruction{load(2), last}, "load from 2"},
		{"load outside", []instruction{load(sizeData), last}, "load from 64"},
		{"load of the instruction pointer", []instruction{load(offsetIP), last}, "load from 8"},
		{"load of a half word", []instruction{{code: unix.BPF_LD | unix.BPF_H | unix.BPF_ABS}, last}, "code 0x28"},
		{"returns the accumulator", []instruction{{code: unix.BPF_RET | unix.BPF_A}, last}, "code 0x16"},
		{"compares with X", []instruction{{code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_X}, last}, "code 0x1d"},
		{"stores", []instruction{{code: unix.BPF_ST}, last}, "code 0x2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := check(c.program, someVerdicts); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

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
	if err := check(p, map[filter.Action]bool{filter.ActionAllow: true, filter.ActionENOSYS: true, filter.ActionEPERM: true}); err != nil {
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
