// Package diff decides whether one policy confines less than another: per dimension
// and over all, by the order of the product. It works on sealed policies, where every
// name, base and default is resolved; of two texts it compares what they come to.
//
// What it does not know it calls unknown, never equal: a field that is added to the
// sealed policy and not here is reported when it differs.
//
// Pure. It imports internal/sealed and internal/caps, and of the policy rooms those
// that give meaning: base, filter, prove, region, syntax (for places in a text), tree;
// and report, for SARIF.
package diff

import (
	"cmp"
	"slices"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/filter"
	"casemate/policy/syntax"
)

// Side is one of the two policies.
type Side struct {
	Name   string // of the file, for people
	Policy *sealed.Policy

	// Of a text, both nil for a sealed file. They only give places.
	Rules *filter.Rules
	Text  *syntax.File
}

// Change is one difference.
type Change struct {
	Dimension string   `json:"dimension"`
	Subject   string   `json:"subject"` // what of the dimension: "amd64 mprotect", "/srv/data", "memory.max"
	Order     Order    `json:"order"`
	Old       string   `json:"old"`
	New       string   `json:"new"`
	When      string   `json:"when,omitempty"` // seccomp: for which arguments; "" for all
	Note      string   `json:"note,omitempty"`
	Witness   *Witness `json:"witness,omitempty"`
	OldAt     string   `json:"old_at,omitempty"` // file:line[:col], a base, or "default"
	NewAt     string   `json:"new_at,omitempty"`
}

// Witness is a system call that the two policies judge differently.
type Witness struct {
	Arch string    `json:"arch"`
	NR   uint32    `json:"nr"`
	Args [6]uint64 `json:"args"`
	Text string    `json:"text"` // "mprotect(0x0, 0x0, 0x4)"
}

// Dimension is one respect of the comparison.
type Dimension struct {
	Name  string `json:"name"`
	Order Order  `json:"order"`
}

// Report is the whole comparison.
type Report struct {
	Version    int         `json:"version"` // of this form: 1
	Old        string      `json:"old"`
	New        string      `json:"new"`
	Service    string      `json:"service"`    // of new
	Order      Order       `json:"order"`      // equal, stricter, weaker, incomparable or unknown
	Dimensions []Dimension `json:"dimensions"` // all of them, in the order of Changes
	Changes    []Change    `json:"changes"`
	Notes      []string    `json:"notes"` // differences that are none of confinement or behaviour
}

// differ carries one comparison through the dimensions.
type differ struct {
	old, new Side
	current  string
	changes  []Change
}

// dimensions are the respects, in the order of printing.
var dimensions = []struct {
	name    string
	compare func(*differ) error
}{
	{"seccomp", (*differ).seccomp},
	{"capabilities", (*differ).capabilities},
	{"namespaces", (*differ).namespaces},
	{"root", (*differ).root},
	{"mounts", (*differ).mounts},
	{"exec", (*differ).exec},
	{"rlimits", (*differ).rlimits},
	{"cgroup", (*differ).cgroup},
	{"devices", (*differ).devices},
	{"labels", (*differ).labels},
	{"landlock", (*differ).landlock},
	{"signals", (*differ).signals},
	{"manager", (*differ).manager},
	{"other", (*differ).other},
}

// Compare tells how new differs from old. It fails where a filter cannot be read.
func Compare(old, new Side) (*Report, error) {
	d := &differ{old: old, new: new}
	r := &Report{Version: 1, Old: old.Name, New: new.Name, Service: new.Policy.Service, Changes: []Change{}, Notes: []string{}}
	for _, dim := range dimensions {
		d.current = dim.name
		before := len(d.changes)
		if err := dim.compare(d); err != nil {
			return nil, err
		}
		order := Equal
		for _, c := range d.changes[before:] {
			order = join(order, c.Order)
		}
		slices.SortStableFunc(d.changes[before:], func(a, b Change) int { return cmp.Compare(b.Order, a.Order) })
		r.Dimensions = append(r.Dimensions, Dimension{dim.name, order.confinement()})
		r.Order = join(r.Order, order.confinement())
	}
	r.Changes = append(r.Changes, d.changes...)
	r.Notes = append(r.Notes, notes(old.Policy, new.Policy)...)
	return r, nil
}

// add records a change, unless there is none.
func (d *differ) add(c Change) {
	if c.Order == Equal {
		return
	}
	c.Dimension = d.current
	c.OldAt, c.NewAt = d.old.located(c.OldAt), d.new.located(c.NewAt)
	d.changes = append(d.changes, c)
}

// located gives a place with file and column, where the text is there. What a group
// granted has its name behind it: "base/daemon:8 @io".
func (s *Side) located(at string) string {
	line, group, _ := strings.Cut(at, " ")
	if s.Text == nil {
		return at
	}
	if p := s.Text.Resolve(line); p.Line > 0 {
		return strings.TrimSpace(p.String() + " " + group)
	}
	return at
}
