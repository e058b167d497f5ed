package diff

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"casemate/internal/sealed"
	"casemate/policy/filter"
	"casemate/policy/filtertest"
	"casemate/policy/prove"
	"casemate/policy/seccomp"
)

// TestRandomPolicies: of policies that differ anywhere, the comparison is never equal in
// one direction alone, and backwards is the reverse, change by change; of a policy with
// itself it is equal.
func TestRandomPolicies(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	orders := map[Order]int{}
	for range 400 {
		a, b := shaken(r), shaken(r)
		if same := compare(t, a, a); same.Order != Equal || len(same.Changes) > 0 {
			t.Fatalf("with itself: %s", same.Text())
		}
		there, back := compare(t, a, b), compare(t, b, a)
		orders[there.Order]++
		if there.Order.reverse() != back.Order {
			t.Fatalf("there %s, back %s\n%s\n%s", there.Order, back.Order, there.Text(), back.Text())
		}
		for i := range there.Dimensions {
			if there.Dimensions[i].Order.reverse() != back.Dimensions[i].Order {
				t.Fatalf("%s: there %s, back %s\n%s\n%s", there.Dimensions[i].Name, there.Dimensions[i].Order, back.Dimensions[i].Order, there.Text(), back.Text())
			}
		}
		if len(there.Changes) == 0 && !reflect.DeepEqual(a, b) && there.Text() == "" {
			t.Fatal("a difference that is nowhere")
		}
	}
	t.Log(orders)
	for _, o := range []Order{Stricter, Weaker, Incomparable} {
		if orders[o] < 5 {
			t.Errorf("%s only %d times", o, orders[o])
		}
	}
}

// shaken changes a few scalars of a full policy. Filters stay programs.
func shaken(r *rand.Rand) *sealed.Policy {
	p := full()
	for range r.IntN(3) {
		edits[r.IntN(len(edits))].make(p)
	}
	left := r.IntN(3)
	for ; left > 0; left-- {
		pick := r.IntN(150)
		n := 0
		keep(reflect.ValueOf(p).Elem(), "", func(path string) bool {
			n++
			return n == pick && !exempt(path) && !strings.HasPrefix(path, ".Filters")
		})
	}
	return p
}

// keep changes the scalars that choose picks, for good.
func keep(v reflect.Value, path string, choose func(string) bool) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			keep(v.Field(i), path+"."+v.Type().Field(i).Name, choose)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			keep(v.Index(i), path, choose)
		}
	default:
		if choose(path) {
			alter(v)
		}
	}
}

// TestRandomFilters: what is reported of two compiled filters is what their rules say of
// the witness, and where nothing is reported they say the same of calls that are tried.
func TestRandomFilters(t *testing.T) {
	g := filtertest.New(9)
	reported, compared := 0, 0
	for range 60 {
		rules := [2]filter.Rules{g.Rules(t, 10), g.Rules(t, 10)}
		for name, rule := range rules[0].Allow { // most is alike in two versions of a policy
			if _, killed := rules[1].Kill[name]; !killed && g.IntN(10) > 0 {
				rules[1].Allow[name] = rule
			}
		}
		var sides [2]Side
		for i := range rules {
			programs, err := seccomp.Compile(filter.AMD64, rules[i])
			if err != nil { // the generator makes conditions that are too complex, too
				sides[0].Policy = nil
				break
			}
			p := full()
			p.Filters = []sealed.Filter{{Arch: sealed.ArchAMD64, Program: programs[0].Bytes}}
			sides[i] = Side{Policy: p}
		}
		if sides[0].Policy == nil || sides[1].Policy == nil {
			continue
		}
		compared++
		r, err := Compare(sides[0], sides[1])
		if err != nil {
			t.Fatal(err)
		}
		differs := map[string]bool{}
		for _, c := range r.Changes {
			reported++
			differs[strings.TrimPrefix(c.Subject, "amd64 ")] = true
			call := filter.Call{NR: c.Witness.NR, Arch: sealed.ArchAMD64, Args: c.Witness.Args}
			if strings.HasSuffix(c.Subject, elsewhere) {
				call.Arch++
			}
			if o, n := rules[0].Decide(filter.AMD64, call), rules[1].Decide(filter.AMD64, call); verdict(o) != c.Old || verdict(n) != c.New {
				t.Fatalf("%s: the rules say %s -> %s", c.Line(), o, n)
			}
		}
		for _, nr := range filter.Numbers(filter.AMD64) {
			name, _ := filter.Name(filter.AMD64, nr)
			if differs[name] {
				continue
			}
			for _, call := range g.Calls(filter.AMD64, rules[g.IntN(2)], uint32(nr), 20) {
				if o, n := rules[0].Decide(filter.AMD64, call), rules[1].Decide(filter.AMD64, call); o != n {
					t.Fatalf("%s %#x: %s -> %s is not reported", name, call.Args, o, n)
				}
			}
		}
	}
	t.Logf("%d changes reported of %d pairs", reported, compared)
	if reported < 100 || compared < 10 {
		t.Error("too few")
	}
}

// sums adds up what twelve words are worth, modulo 4, and allows the calls whose sum is a
// multiple: 4^12 regions in some 250 instructions.
func sums(arch uint32) []byte {
	const words, states, size = 12, 4, 5
	ins := [][4]uint32{{load, 0, 0, 4}, {jeq, 1, 0, arch}, {ret, 0, 0, killed}}
	for w := range uint32(words) {
		for s := range uint32(states) {
			to := func(at, state uint32) uint32 { // how far from instruction at of this block
				return size*(states-s+state%states) - at - 1
			}
			ins = append(ins, [4]uint32{load, 0, 0, 16 + 4*w})
			for v := uint32(1); v < states; v++ {
				ins = append(ins, [4]uint32{jeq, to(v, s+v), 0, v})
			}
			ins = append(ins, [4]uint32{0x05, 0, 0, to(states, s)})
		}
	}
	for s := range states {
		verdict := denied
		if s == 0 {
			verdict = allowed
		}
		for range size {
			ins = append(ins, [4]uint32{ret, 0, 0, verdict})
		}
	}
	return program(ins...)
}

// TestTooManyRegions: filters that fall into more regions than can be kept are no verdict.
func TestTooManyRegions(t *testing.T) {
	new := full()
	new.Filters[1].Program = sums(sealed.ArchAMD64)
	p, err := prove.Parse(new.Filters[1].Program)
	if err != nil {
		t.Fatal(err)
	}
	for args, want := range map[[filter.MaxArgs]uint64]filter.Action{
		{}: filter.ActionAllow, {1}: filter.ActionEPERM, {1, 3}: filter.ActionAllow, {1, 2, 0, 0, 0, 3 << 32}: filter.ActionEPERM,
	} { // the program is what it is said to be
		if got := p.Run(filter.Call{Arch: sealed.ArchAMD64, Args: args}); got != want {
			t.Fatalf("%d: %s", args, got)
		}
	}
	_, err = Compare(Side{Name: "old", Policy: full()}, Side{Name: "new", Policy: new})
	if !errors.Is(err, prove.ErrComplex) {
		t.Error(err)
	}
}
