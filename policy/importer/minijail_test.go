package importer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"casemate/policy/filter"
)

// mjAtom, mjStep and mjText are a minijail policy as a test makes it up: what its
// reader would do with it is worked out from this, not from the text.
type mjAtom struct {
	arg   int
	op    string
	value uint64
}

type mjStep struct {
	when [][]mjAtom // nil: always
	deny bool
}

func (a mjAtom) holds(args [6]uint64) bool {
	x := args[a.arg]
	return map[string]bool{
		"==": x == a.value, "!=": x != a.value, "<": x < a.value, "<=": x <= a.value, ">": x > a.value, ">=": x >= a.value,
		"&": x&a.value != 0, "in": x&^a.value == 0,
	}[a.op]
}

func (s mjStep) holds(args [6]uint64) bool {
	return s.when == nil || slices.ContainsFunc(s.when, func(all []mjAtom) bool {
		return !slices.ContainsFunc(all, func(a mjAtom) bool { return !a.holds(args) })
	})
}

// allows is the meaning of steps: the first that holds decides, else the call is denied.
func allows(steps []mjStep, args [6]uint64) bool {
	for _, s := range steps {
		if s.holds(args) {
			return !s.deny
		}
	}
	return false
}

// text writes steps as compile_seccomp_policy.py reads them.
func mjText(r *rand.Rand, steps []mjStep) string {
	var parts []string
	for _, s := range steps {
		action := "allow"
		if s.deny {
			action = []string{"return EPERM", "return 38", "kill-process"}[r.IntN(3)]
		}
		if s.when == nil {
			parts = append(parts, action)
			continue
		}
		var sums []string
		for _, all := range s.when {
			var atoms []string
			for _, a := range all {
				value := []string{fmt.Sprint(a.value), fmt.Sprintf("%#x", a.value), fmt.Sprintf("~%#x", ^a.value), fmt.Sprintf("(%#o|0x0)", a.value)}[r.IntN(4)]
				atoms = append(atoms, fmt.Sprintf("arg%d %s %s", a.arg, a.op, value))
			}
			sums = append(sums, strings.Join(atoms, " && "))
		}
		parts = append(parts, strings.Join(sums, " || ")+"; "+action)
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// Policies of every operator against their own meaning: never more is allowed.
func TestRoundTripMinijail(t *testing.T) {
	names := []string{"lseek", "socket", "flock", "mprotect", "dup2", "setpriority", "sendto", "membarrier"}
	operators := []string{"==", "!=", "<", "<=", ">", ">=", "&", "in"}
	values := []uint64{0, 1, 2, 7, 0x1000, 0xffffffff, 1 << 32, ^uint64(0), ^uint64(4)}
	allowed, said := 0, 0
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 9))
		policy := map[string][]mjStep{}
		text := ""
		for _, name := range names {
			for range 1 + r.IntN(3) {
				s := mjStep{deny: r.IntN(3) == 0}
				for range r.IntN(3) {
					var all []mjAtom
					for range 1 + r.IntN(2) {
						all = append(all, mjAtom{r.IntN(2), operators[r.IntN(len(operators))], values[r.IntN(len(values))]})
					}
					s.when = append(s.when, all)
				}
				policy[name] = append(policy[name], s)
				if s.when == nil {
					break
				}
			}
			text += name + ": " + mjText(r, policy[name]) + "\n"
		}
		got, err := Import(Options{Kind: Minijail, Judge: judge, Argv: []string{"/bin/true"}, Why: "the test of all operators"}, Source{Name: "random.policy", Text: []byte(text)})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		rules := compiled(t, got.Text)
		for _, arch := range filter.Arches() {
			for _, name := range names {
				nr, ok := filter.Number(arch, name)
				if !ok {
					continue
				}
				for range 100 {
					clean, dirty := registers(r, arch, name, values)
					theirs := sameCall(arch, name, clean, func(args [6]uint64) bool { return allows(policy[name], args) })
					for _, args := range [][6]uint64{clean, dirty} {
						said++
						if rules.Decide(arch, filter.Call{NR: uint32(nr), Arch: arch.AuditArch(), Args: args}) != filter.ActionAllow {
							continue
						}
						if allowed++; !theirs {
							t.Fatalf("%s %s%x is allowed, and not by the policy\n%s\n%s", arch, name, args, text, got.Text)
						}
					}
				}
			}
		}
	}
	if allowed < said/20 {
		t.Errorf("of %d calls only %d are allowed", said, allowed)
	}
}

// The two readers of minijail policies mean opposite things by an action behind an
// expression; the text says whom it is for.
func TestMinijailReaders(t *testing.T) {
	for text, want := range map[string]bool{
		"dup2: arg0 == 3; return 9\n":               true,
		"{dup2}: arg0 == 3; return 9\n":             false,
		"dup2: arg0 == 3; return 9\nlseek: trap\n":  false,
		"dup2: {arg0 == 3; return 9, allow}\n":      false,
		"dup2: {arg0 == 3; allow, return EPERM}\n":  true,
		"dup2[arch=x86_64]: arg0 == 3; kill-thread": false,
	} {
		got, err := Import(Options{Kind: Minijail, Judge: judge, Arches: []filter.Arch{filter.AMD64}, Argv: []string{"/bin/true"}}, Source{Name: "x.policy", Text: []byte(text)})
		if err != nil {
			t.Fatal(err)
		}
		call := filter.Call{NR: 33, Arch: filter.AMD64.AuditArch(), Args: [6]uint64{3}}
		if allowed := compiled(t, got.Text).Decide(filter.AMD64, call) == filter.ActionAllow; allowed != want {
			t.Errorf("%q: dup2(3, 0) is allowed: %v\n%s", text, allowed, got.Text)
		}
	}
}
