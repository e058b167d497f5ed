package launch

import (
	"fmt"
	"math/rand"
	"testing"

	"casemate/internal/exit"
	"casemate/internal/render"
	"casemate/internal/sealed"
)

// Whatever the policy: the invariants hold.
func TestEveryPlanKeepsTheInvariants(t *testing.T) {
	for seed := range int64(2000) {
		check(t, seed)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzEveryPlanKeepsTheInvariants(f *testing.F) {
	for seed := range int64(20) {
		f.Add(seed)
	}
	f.Fuzz(check)
}

func check(t *testing.T, seed int64) {
	r := rand.New(rand.NewSource(seed))
	p := arbitrary(r)
	if err := sealed.Validate(p); err != nil {
		t.Fatalf("the generator made no valid policy: %v", err)
	}
	f := arbitraryFacts(r, p)
	out, err := Lower(p, f)
	if err != nil {
		t.Fatalf("lower: %v (code %d)", err, exit.CodeOf(err))
	}
	for _, c := range []struct {
		name string
		err  error
	}{
		{"rows", rowsInOrder(out)}, {"order", confinementInOrder(out)}, {"propagation", privateFirst(out)},
		{"pivot", pivotOnce(out)}, {"close", closedAfterUse(out)}, {"slots", slotsFilled(out)},
		{"descriptors", fixedDescriptors(out)}, {"flags", flagsPrinted(out)}, {"paths", resolvedSafely(out)},
		{"namespaces", namespacesOnce(out, p)},
		{"bounding set", boundingSet(out, p, f)}, {"tree", treeAsExpected(out, p, f)}, {"labels", labelsOfActiveModules(out, p, f)},
		{"landlock", domainShown(out, p, f)},
	} {
		if c.err != nil {
			t.Errorf("%s: %v", c.name, c.err)
		}
	}
	names := []string{}
	for _, o := range out.Opens {
		names = append(names, o.Slot)
	}
	if _, err := render.Plan(out.Steps, names); err != nil {
		t.Errorf("render: %v", err)
	}
}

// As many mounts as a sealed file can hold fit into a program of the child.
func TestTheLargestPolicyFits(t *testing.T) {
	p := minimal()
	for i := 0; sealed.Validate(p) == nil; i++ {
		p.Mounts = append(p.Mounts, sealed.Mount{Kind: sealed.Bind, Source: "/x", Target: fmt.Sprintf("/d%d", i)})
	}
	p.Mounts = p.Mounts[:len(p.Mounts)-1]
	out, err := Lower(p, recorded(t, "debian12-apparmor"))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, o := range out.Opens {
		names = append(names, o.Slot)
	}
	if _, err := render.Plan(out.Steps, names); err != nil {
		t.Errorf("%d mounts, %d steps: %v", len(p.Mounts), len(out.Steps), err)
	}
}
