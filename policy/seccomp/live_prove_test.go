package seccomp

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"casemate/policy/filter"
	"casemate/policy/filtertest"
	"casemate/policy/prove"
)

// The kernel's own evaluation beside the prover's. No verdict of the programs lets a
// call be made: each is an errno of its own, which tells which one the kernel took. A
// program looks only at calls with a word of its own in the high half of the sixth
// argument, which no system call reads, and leaves the others to the Go runtime; so
// filters that lie on one another do not meet.

// guarded puts the guard before a program and an errno in the place of each verdict.
func guarded(program []byte, word uint32) []byte {
	b := filtertest.Record(nil, filtertest.Load, 0, 0, 60)
	b = filtertest.Record(b, filtertest.JEQ, 1, 0, word)
	b = filtertest.Record(b, filtertest.Ret, 0, 0, uint32(filter.ActionAllow))
	for p := program; len(p) > 0; p = p[8:] {
		code, k := binary.LittleEndian.Uint16(p), binary.LittleEndian.Uint32(p[4:])
		if code == filtertest.Ret {
			k = uint32(answer(filter.Action(k)))
		}
		b = filtertest.Record(b, code, p[2], p[3], k)
	}
	return b
}

// answer is the errno that stands for a verdict.
func answer(a filter.Action) filter.Action {
	switch a {
	case filter.ActionAllow:
		return unix.SECCOMP_RET_ERRNO | 2001
	case filter.ActionKillProcess:
		return unix.SECCOMP_RET_ERRNO | 2002
	}
	return a
}

// exempt calls go past every filter (uretprobe since Linux 6.14, uprobe since 6.18).
func exempt(nr uint32) bool { return nr == 335 || nr == 336 }

// comparison is between the kernel and the prover, in a child process.
type comparison struct {
	word     uint32 // of the last program
	calls    int
	problems []string
}

// of loads a program and compares what the kernel says of calls with what the prover
// says of judged.
func (v *comparison) of(t *testing.T, program, judged []byte, calls []filter.Call) {
	t.Helper()
	v.word = max(v.word, 0x5eed0000) + 1
	p, err := prove.Parse(guarded(judged, v.word))
	if err != nil {
		t.Fatal(err)
	}
	install(t, guarded(program, v.word))
	for _, c := range calls {
		c.Args[5] = uint64(v.word)<<32 | c.Args[5]&0xffffffff
		if exempt(c.NR) {
			continue
		}
		v.calls++
		got := filter.Action(unix.SECCOMP_RET_ERRNO) | filter.Action(raw(int(c.NR), c.Args[:]...))
		if want := p.Run(c); got != want {
			v.problems = append(v.problems, fmt.Sprintf("%+v: the kernel says %s, the prover %s", c, got, want))
		}
	}
}

func (v *comparison) finish(t *testing.T) {
	t.Helper()
	os.Stdout.WriteString(fmt.Sprintln(v.calls, "calls"))
	finish(t, v.problems)
}

// compared runs the test in children, one for each seed, and in a child gives the seed.
func compared(t *testing.T, seeds int) (g filtertest.Generator, inChild bool) {
	t.Helper()
	if part := os.Getenv(liveEnv); part != "" {
		seed, err := strconv.ParseUint(part, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return newGenerator(seed), true
	}
	for seed := range seeds {
		out, status := child(t, 0, strconv.Itoa(seed))
		expectSuccess(t, out, status)
		t.Log(out)
	}
	return g, false
}

// Programs of all shapes, 40 in each child.
func TestLiveProverPrograms(t *testing.T) {
	arch := nativeArch(t)
	g, inChild := compared(t, 3)
	if !inChild {
		return
	}
	var verdicts []uint32
	for i := range uint32(20) {
		verdicts = append(verdicts, unix.SECCOMP_RET_ERRNO|(3000+i))
	}
	v := new(comparison)
	for range 40 {
		program := g.Program(20+g.IntN(80), []uint32{0, 4, 16, 20, 24, 28, 32, 36}, verdicts)
		words := filtertest.Constants(program)
		var calls []filter.Call
		for range 1000 {
			c := g.Call(words)
			c.Arch = arch.AuditArch()
			calls = append(calls, c)
		}
		v.of(t, program, program, calls)
	}
	v.finish(t)
}

// What the compilers make of random rules, for every number of the table and those
// beside it, and the walk of the prover: a sample of each of its boxes.
func TestLiveProverRules(t *testing.T) {
	arch := nativeArch(t)
	g, inChild := compared(t, 4)
	if !inChild {
		return
	}
	v := new(comparison)
	for range 4 {
		r := g.Rules(t, 5+g.IntN(60))
		for _, p := range mustCompile(t, arch, r) {
			proved, err := prove.Parse(p.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			var calls []filter.Call
			err = proved.Walk(prove.Everything().With(prove.Arch, prove.Values(arch.AuditArch())), func(b prove.Box, _ filter.Action) bool {
				calls = append(calls, b.Sample())
				return true
			})
			if err != nil {
				t.Fatal(err)
			}
			for nr := range uint32(700) {
				calls = append(calls, g.Calls(arch, r, nr, 60)...)
			}
			for _, c := range foreign(arch) {
				c.Arch = arch.AuditArch()
				calls = append(calls, c)
			}
			v.of(t, p.Bytes, p.Bytes, calls)
		}
	}
	v.finish(t)
}

// The comparison sees it when the kernel runs another program than the prover judges.
func TestLiveProverSeesADifference(t *testing.T) {
	arch := nativeArch(t)
	if os.Getenv(liveEnv) == "" {
		out, status := child(t, 0, "0")
		if !status.Exited() || status.ExitStatus() != 1 || strings.Count(out, "the kernel says ERRNO(") != 1 {
			t.Errorf("the child ended with %#x:\n%s", status, out)
		}
		return
	}
	var calls []filter.Call
	for nr := range uint32(400) {
		calls = append(calls, filter.Call{NR: nr, Arch: arch.AuditArch()})
	}
	program := func(code uint16) []byte {
		b := filtertest.Record(nil, filtertest.Load, 0, 0, 0)
		b = filtertest.Record(b, code, 0, 1, 300)
		b = filtertest.Record(b, filtertest.Ret, 0, 0, uint32(filter.ActionEPERM))
		return filtertest.Record(b, filtertest.Ret, 0, 0, uint32(filter.ActionAllow))
	}
	v := new(comparison)
	v.of(t, program(filtertest.JGE), program(filtertest.JGT), calls)
	v.finish(t)
}
