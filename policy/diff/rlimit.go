package diff

import (
	"fmt"

	"casemate/internal/sealed"
)

const infinite = ^uint64(0)

// resource is one of getrlimit(2).
type resource struct {
	name string
	// What a process has whose policy does not set the limit: the kernel's own start
	// value (include/asm-generic/resource.h), which service managers leave alone unless
	// a unit says otherwise. Not fixed: it depends on the machine's memory.
	soft, hard uint64
	notFixed   bool
}

var resources = [...]resource{
	{"cpu", infinite, infinite, false}, {"fsize", infinite, infinite, false}, {"data", infinite, infinite, false},
	{"stack", 8 << 20, infinite, false}, {"core", 0, infinite, false}, {"rss", infinite, infinite, false},
	{"nproc", 0, 0, true}, {"nofile", 1024, 4096, false}, {"memlock", 8 << 20, 8 << 20, false},
	{"as", infinite, infinite, false}, {"locks", infinite, infinite, false}, {"sigpending", 0, 0, true},
	{"msgqueue", 819200, 819200, false}, {"nice", 0, 0, false}, {"rtprio", 0, 0, false}, {"rttime", infinite, infinite, false},
}

func (d *differ) rlimits() error {
	old, new := byResource(d.old.Policy), byResource(d.new.Policy)
	for n, res := range resources {
		o, w := old[uint32(n)], new[uint32(n)]
		if o == nil && w == nil {
			continue
		}
		c := Change{Subject: res.name, Order: res.compare(o, w), Old: rlimitText(o), New: rlimitText(w)}
		if o != nil {
			c.OldAt = o.At
		}
		if w != nil {
			c.NewAt = w.At
		}
		if o == nil || w == nil {
			c.Note = res.inherited()
		}
		d.add(c)
	}
	return nil
}

func byResource(p *sealed.Policy) map[uint32]*sealed.Rlimit {
	m := map[uint32]*sealed.Rlimit{}
	for i := range p.Exec.Rlimits {
		m[p.Exec.Rlimits[i].Resource] = &p.Exec.Rlimits[i]
	}
	return m
}

// compare orders two limits, at least one of which is set.
func (r *resource) compare(old, new *sealed.Rlimit) Order {
	if r.notFixed && old == nil {
		return unfixed(new)
	}
	if r.notFixed && new == nil {
		return unfixed(old).reverse()
	}
	inherited := &sealed.Rlimit{Soft: r.soft, Hard: r.hard}
	stated := old != nil && new != nil
	if old == nil {
		old = inherited
	}
	if new == nil {
		new = inherited
	}
	order := join(widths(old.Soft, new.Soft), widths(old.Hard, new.Hard))
	if order == Equal && !stated {
		return Behaviour
	}
	return order
}

// unfixed orders a limit that is set anew against one that nobody knows.
func unfixed(r *sealed.Rlimit) Order {
	switch {
	case r.Soft == infinite:
		return Weaker
	case r.Hard == 0:
		return Stricter
	}
	return Incomparable
}

func (r *resource) inherited() string {
	if r.notFixed {
		return "where it is not set, the service manager's holds, which depends on the machine"
	}
	return fmt.Sprintf("where it is not set, the kernel's %s:%s is taken to hold", amount(r.soft), amount(r.hard))
}

func rlimitText(r *sealed.Rlimit) string {
	if r == nil {
		return "not set"
	}
	return amount(r.Soft) + ":" + amount(r.Hard)
}

func amount(n uint64) string {
	if n == infinite {
		return "unlimited"
	}
	return fmt.Sprint(n)
}
