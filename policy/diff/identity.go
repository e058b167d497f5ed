package diff

import (
	"fmt"
	"slices"
	"strings"

	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// network compares two networks of which one at least is another namespace that is there
// already: less than the host's, more than none.
func (d *differ) network(o, n *sealed.Namespaces) {
	order := widths(networkReach(o), networkReach(n))
	if order == Equal && o.Join != n.Join {
		order = Incomparable
	}
	d.add(Change{
		Subject: "net", Order: order, Old: networkText(o), New: networkText(n),
		OldAt: d.old.shared("net", orAt(o.JoinAt, o.At)), NewAt: d.new.shared("net", orAt(n.JoinAt, n.At)),
		Note: "what is within reach in a network namespace that is joined is not in the policy",
	})
}

func orAt(at, otherwise string) string {
	if at == "" {
		return otherwise
	}
	return at
}

func networkReach(n *sealed.Namespaces) int {
	switch {
	case n.New&unix.CLONE_NEWNET != 0:
		return 0
	case n.Join != "":
		return 1
	}
	return 2
}

func networkText(n *sealed.Namespaces) string {
	return [...]string{"new", "that of " + n.Join, "shared with the host"}[networkReach(n)]
}

// userMap compares the ids of the host that are within reach of two user namespaces. Which
// number an id has inside is behaviour.
func (d *differ) userMap(subject string, o, n *sealed.Namespaces, of func(*sealed.Namespaces) []sealed.IDRange) {
	old, new := of(o), of(n)
	if o.New&n.New&unix.CLONE_NEWUSER == 0 {
		return // there is none, or the namespace itself has come or gone
	}
	order := inclusion(!covers(old, new), !covers(new, old))
	if order == Equal {
		order = either(sealed.MapText(old), sealed.MapText(new))
	}
	d.add(Change{Subject: subject, Order: order, Old: mapText(old), New: mapText(new), OldAt: mapAt(old, o), NewAt: mapAt(new, n)})
}

func mapAt(m []sealed.IDRange, n *sealed.Namespaces) string {
	if len(m) == 0 {
		return n.At
	}
	return m[0].At
}

func mapText(m []sealed.IDRange) string {
	return strings.ReplaceAll(strings.TrimSpace(sealed.MapText(m)), "\n", ", ")
}

// covers tells whether every id outside of b is one of a too.
func covers(a, b []sealed.IDRange) bool {
	a = slices.Clone(a)
	slices.SortFunc(a, func(x, y sealed.IDRange) int { return int(int64(x.Outside) - int64(y.Outside)) })
	for _, r := range b {
		next, end := uint64(r.Outside), uint64(r.Outside)+uint64(r.Count)
		for _, c := range a {
			if uint64(c.Outside) <= next && next < uint64(c.Outside)+uint64(c.Count) {
				next = uint64(c.Outside) + uint64(c.Count)
			}
		}
		if next < end {
			return false
		}
	}
	return true
}

// hostIDs compares ids by what they are to the host.
func hostIDs(old, new, hostOld, hostNew uint32) Order {
	if order := ids(hostOld, hostNew); order != Equal {
		return order
	}
	return either(old, new)
}

func idText(inside, outside uint32) string {
	if inside == outside {
		return fmt.Sprint(inside)
	}
	return fmt.Sprintf("%d, the host's %d", inside, outside)
}

// groupSets compares supplementary groups by what they are to the host.
func groupSets(old, new *sealed.Policy) Order {
	if order := supersets(hostGroups(old), hostGroups(new)); order != Equal {
		return order
	}
	return either(fmt.Sprint(old.Exec.Groups), fmt.Sprint(new.Exec.Groups))
}

func hostGroups(p *sealed.Policy) []uint32 {
	var groups []uint32
	for _, g := range p.Exec.Groups {
		groups = append(groups, p.Namespaces.HostGID(g))
	}
	return groups
}
