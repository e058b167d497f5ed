package prove_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"casemate/policy/filter"
	"casemate/policy/filtertest"
	"casemate/policy/prove"
)

// encode is the inverse of decode.
func encode(code []op) []byte {
	var b []byte
	for _, in := range code {
		b = filtertest.Record(b, in.code, in.jt, in.jf, in.k)
	}
	return b
}

// changes lists what one instruction can be taken for: every bit of its operands
// flipped, its ways exchanged, every other comparison, word or verdict.
func (in op) changes() []op {
	var list []op
	add := func(n op) {
		if n != in {
			list = append(list, n)
		}
	}
	for bit := range 32 {
		add(op{in.code, in.jt, in.jf, in.k ^ 1<<bit})
	}
	switch in.code {
	case filtertest.Load:
		for word := range uint32(16) {
			add(op{in.code, 0, 0, 4 * word})
		}
	case filtertest.Ret:
		for _, k := range []uint32{0x7fff0000, 0x7ffc0000, 0x7ff00000, 0x80000000, 0, 0x00030000, 0x00050000, 0x00050001, 0x00050002, 0x00050026} {
			add(op{in.code, 0, 0, k})
		}
	case filtertest.And, filtertest.Jump:
	default:
		for bit := range 8 {
			add(op{in.code, in.jt ^ 1<<bit, in.jf, in.k})
			add(op{in.code, in.jt, in.jf ^ 1<<bit, in.k})
		}
		for _, code := range []uint16{0x15, 0x25, 0x35, 0x45} {
			add(op{code, in.jt, in.jf, in.k})
		}
		add(op{in.code, in.jf, in.jt, in.k})
		add(op{in.code, in.jt + 1, in.jf, in.k})
		add(op{in.code, in.jt, in.jf + 1, in.k})
		add(op{in.code, in.jt, in.jf, in.k + 1})
		add(op{in.code, in.jt, in.jf, in.k - 1})
	}
	return list
}

// mutants gives programs that differ from one in one instruction: changed, left out, or
// written twice. sites are the instructions from which on another program runs.
func mutants(program []byte, yield func(sites []int, what string, mutant []byte)) {
	code := decode(program)
	for i, in := range code {
		for _, n := range in.changes() {
			changed := slices.Clone(code)
			changed[i] = n
			yield([]int{i}, fmt.Sprintf("%+v became %+v", in, n), encode(changed))
		}
		sites := append(across(code, i), i)
		yield(sites, "left out", encode(slices.Delete(slices.Clone(code), i, i+1)))
		yield(sites, "written twice", encode(slices.Insert(slices.Clone(code), i, in)))
	}
}

// across lists the jumps over an instruction, which land elsewhere once it is two or none.
func across(code []op, i int) []int {
	var list []int
	for j, in := range code[:i] {
		far := int(max(in.jt, in.jf))
		if in.code == filtertest.Jump {
			far = int(in.k)
		}
		if j+1+far > i {
			list = append(list, j)
		}
	}
	return list
}

// tally counts what became of mutants.
type tally struct{ all, refused, caught, equal, sampled, runs int }

func (n tally) String() string {
	return fmt.Sprintf("%d mutants: %d are no program or none of ours, %d caught with a witness that the other machine confirms, "+
		"%d the same function by trying all calls that differ to either, %d by trying many; %d trials",
		n.all, n.refused, n.caught, n.equal, n.sampled, n.runs)
}

// The prover takes no mutant for right that is not the same function. What it refuses
// as different, another machine confirms; what it accepts, is tried.
func judgeMutants(t *testing.T, p compiled, every int) (n tally) {
	t.Helper()
	var declared *prove.Declared
	turn := 0
	mutants(p.bytes, func(sites []int, what string, mutant []byte) {
		if turn++; turn%every != 0 {
			return
		}
		if n.all%500 == 0 { // a space keeps what it has judged
			var err error
			if declared, err = prove.Declare(p.arch, p.rules); err != nil {
				t.Fatal(err)
			}
		}
		n.all++
		_, err := declared.Check(mutant)
		if _, wrong := err.(*prove.Mismatch); wrong {
			confirmed(t, mutant, p.rules, err)
			n.caught++
			return
		}
		if err != nil {
			n.refused++
			return
		}
		equal, all, runs := same(t, p.bytes, mutant, sites...)
		if !equal {
			t.Fatalf("%s: instruction %d %s: taken for right", p.name, sites[len(sites)-1], what)
		}
		if n.runs += runs; all {
			n.equal++
		} else {
			n.sampled++
		}
	})
	return n
}

// longEnv has the tests take all mutants and samples that take minutes; see fuzz/run.sh.
const longEnv = "CASEMATE_LONG"

func TestMutants(t *testing.T) {
	list := programs(t, "batch", example(t, "batch"))
	list = append(list, compiled{"by hand", filter.AMD64, handRules(t), assemble(t, strings.Replace(whole, "KNOWN", known(), 1))})
	for seed := range uint64(3) {
		g := small(seed + 100)
		list = append(list, programs(t, fmt.Sprint("seed ", seed), g.Rules(t, 12))...)
	}
	var sum tally
	for _, p := range list {
		every := 1
		switch n := len(p.bytes) / 8; {
		case testing.Short():
			every = 37
		case strings.HasSuffix(p.name, "libseccomp") && os.Getenv(longEnv) == "":
			every = 1 + n/12
		}
		n := judgeMutants(t, p, every)
		t.Logf("%s: %s", p.name, n)
		sum = tally{sum.all + n.all, sum.refused + n.refused, sum.caught + n.caught, sum.equal + n.equal, sum.sampled + n.sampled, sum.runs + n.runs}
	}
	t.Logf("in all %s", sum)
	if sum.caught < sum.all/2 || sum.equal == 0 {
		t.Error("that is not what mutants of real programs come to")
	}
}

// The trial that mutants are judged by finds every difference that there is.
func TestTrial(t *testing.T) {
	right := assemble(t, strings.Replace(whole, "KNOWN", known(), 1))
	if equal, all, runs := same(t, right, right); !equal || !all || runs < 250 {
		t.Errorf("a program and itself: equal %t, all %t, %d trials", equal, all, runs)
	}
	for _, b := range broken {
		text := strings.Replace(strings.Replace(whole, b.old, b.new, 1), "KNOWN", known(), 1)
		if equal, _, _ := same(t, right, assemble(t, text)); equal {
			t.Errorf("%s: no call differs", b.name)
		}
	}
	if bytes.Equal(right, encode(decode(right))) == false || binary.Size(op{}) != 8 {
		t.Error("instructions change on the way")
	}
}
