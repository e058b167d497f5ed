package diff

import (
	"math/rand/v2"
	"slices"
	"testing"

	"casemate/internal/sealed"
)

func TestOrder(t *testing.T) {
	for _, e := range edits {
		old, new := full(), full()
		e.make(new)
		for _, way := range []struct {
			old, new *sealed.Policy
			want     Order
		}{{old, new, e.order}, {new, old, e.back}} {
			r := compare(t, way.old, way.new)
			if r.Order != way.want {
				t.Errorf("%s: %s, not %s\n%s", e.name, r.Order, way.want, r.Text())
			}
			named := slices.ContainsFunc(r.Changes, func(ch Change) bool { return ch.Subject == e.subject })
			if named != (e.subject != "") || e.subject == "" && len(r.Changes) > 0 {
				t.Errorf("%s: %q is not what is named\n%s", e.name, e.subject, r.Text())
			}
		}
	}
}

// TestProduct: two edits of different dimensions together are the product of their
// orders, and backwards its reverse.
func TestProduct(t *testing.T) {
	dimension := make([]string, len(edits))
	for i := range edits {
		dimension[i] = touched(t, edits[i])
	}
	for i, a := range edits {
		for j, b := range edits[:i] {
			if dimension[i] == dimension[j] || dimension[i] == "" || dimension[j] == "" {
				continue
			}
			old, new := full(), full()
			a.make(new)
			b.make(new)
			r := compare(t, old, new)
			if want := join(a.order, b.order); r.Order != want {
				t.Errorf("%s and %s: %s, not %s\n%s", a.name, b.name, r.Order, want, r.Text())
			}
			if back := compare(t, new, old); back.Order != r.Order.reverse() {
				t.Errorf("%s and %s: backwards %s, not %s", a.name, b.name, back.Order, r.Order.reverse())
			}
		}
	}
}

// touched is the dimension that an edit changes; the root is one with the mounts, of which
// it decides what they cover.
func touched(t *testing.T, e edit) string {
	t.Helper()
	p := full()
	e.make(p)
	r := compare(t, full(), p)
	if len(r.Changes) == 0 {
		return ""
	}
	if d := r.Changes[0].Dimension; d != "root" {
		return d
	}
	return "mounts"
}

// TestMountsOfTheHost: a bind that is not recursive shows what lies under a file system that
// the host has mounted there; a bind of that place itself shows the file system. Which of the
// two is more nobody knows here.
func TestMountsOfTheHost(t *testing.T) {
	with := func(mounts ...sealed.Mount) *sealed.Policy {
		p := full()
		p.Mounts = append(p.Mounts, mounts...)
		return p
	}
	above := sealed.Mount{Target: "/host", Source: "/"}
	own, all := sealed.Mount{Target: "/host/data", Source: "/data"}, above
	deep := own
	all.Recursive, deep.Recursive = true, true
	for _, test := range []struct {
		name     string
		old, new *sealed.Policy
		want     Order
	}{
		{"a mount of its own", with(above), with(above, own), Unknown},
		{"the same in a recursive one", with(all), with(all, own), Unknown},
		{"recursive, and so there anyway", with(above, own), with(all), Unknown},
		{"both recursive", with(all), with(all, deep), Equal},
	} {
		if r := compare(t, test.old, test.new); r.Order != test.want {
			t.Errorf("%s: %s", test.name, r.Text())
		}
		if r := compare(t, test.new, test.old); r.Order != test.want.reverse() {
			t.Errorf("%s, backwards: %s", test.name, r.Text())
		}
	}
}

// TestOrderOfListsDoesNotMatter: a policy is what it grants, not how it is written down.
func TestOrderOfListsDoesNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		p := full()
		shuffle(r, p.Limits)
		shuffle(r, p.Masks)
		shuffle(r, p.ReadOnly)
		shuffle(r, p.Mounts)
		shuffle(r, p.Filters)
		if got := compare(t, full(), p); got.Order != Equal || len(got.Changes) > 0 {
			t.Fatal(got.Text())
		}
	}
}

func shuffle[T any](r *rand.Rand, list []T) {
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

func TestJoin(t *testing.T) {
	for a := Equal; a <= Unknown; a++ {
		for b := Equal; b <= Unknown; b++ {
			j := join(a, b)
			if j != join(b, a) {
				t.Errorf("%s and %s: it matters which comes first", a, b)
			}
			if (!a.Passes() || !b.Passes()) && j.Passes() {
				t.Errorf("%s and %s pass as %s", a, b, j)
			}
			if join(a.reverse(), b.reverse()) != j.reverse() {
				t.Errorf("%s and %s: backwards it is not the reverse", a, b)
			}
		}
		if join(a, a) != a || join(Equal, a) != a {
			t.Errorf("%s with itself or with equal", a)
		}
	}
	if join(Weaker, Stricter) != Incomparable {
		t.Error("weaker and stricter")
	}
}

// TestValues: cgroup values as the kernel reads them.
func TestValues(t *testing.T) {
	for _, test := range []struct {
		file, old, new string
		want           Order
	}{
		{"cpu.max", "50000 100000", "25000 50000", Behaviour},
		{"cpu.max", "50000 100000", "50000", Behaviour},
		{"cpu.max", "50000 100000", "60000 100000", Weaker},
		{"cpu.max", "max 100000", "", Behaviour},
		{"cpu.max", "max 100000", "100000 100000", Stricter},
		{"cpu.max", "18446744073709551613 1000000", "18446744073709551614 1000000", Weaker},
		{"cpu.max", "max 50000", "max 100000", Behaviour},
		{"cpu.max", "1 0", "1 1", Unknown},
		{"cpuset.cpus", "0-1", "1,2", Incomparable},
		{"cpuset.cpus", "0,1,2", "0-2", Behaviour},
		{"cpuset.cpus", "0", "0-8191", Weaker},
		{"cpuset.cpus", "0", "0-9999", Unknown},
		{"cpuset.cpus", "3-1", "0", Unknown},
		{"pids.max", "max", "", Behaviour},
		{"pids.max", "10", "9", Stricter},
		{"pids.max", "-1", "9", Unknown},
		{"memory.oom.group", "0", "1", Behaviour},
	} {
		if got := limitOrder(test.file, test.old, test.new); got != test.want {
			t.Errorf("%s %q -> %q: %s, not %s", test.file, test.old, test.new, got, test.want)
		}
	}
}

func TestNotes(t *testing.T) {
	old, new := full(), full()
	new.Inputs[0].Digest[1]++
	new.Filters[0].By = "libseccomp 2.5.4"
	r := compare(t, old, new)
	if r.Order != Equal || len(r.Changes) != 0 || len(r.Notes) != 2 {
		t.Error(r.Text())
	}
	new.Inputs[1].Name = "casemate 2"
	if r = compare(t, old, new); r.Order != Equal || len(r.Notes) != 5 {
		t.Error(r.Text())
	}
}
