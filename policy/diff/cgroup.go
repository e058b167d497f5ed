package diff

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"casemate/internal/sealed"
)

// limits are the files of one policy: what is written, in the order of writing.
type limits map[string][]sealed.Limit

func limitsOf(p *sealed.Policy) limits {
	m := limits{}
	for _, l := range p.Limits {
		m[l.File] = append(m[l.File], l)
	}
	return m
}

// value and place of a file that is written once; "" for absent.
func (l limits) of(file string) (value, at string) {
	list := l[file]
	if len(list) == 0 {
		return "", ""
	}
	last := list[len(list)-1]
	return last.Value, last.At
}

// cgroup compares the control files. A limit that is absent is none at all; a weight
// shares what there is and keeps nothing from anybody.
func (d *differ) cgroup() error {
	old, new := limitsOf(d.old.Policy), limitsOf(d.new.Policy)
	for _, file := range sortedKeys(old, new) {
		switch file {
		case "io.max":
			d.ioMax(old[file], new[file])
		case "io.weight":
			d.weights(file, old[file], new[file])
		default:
			d.limit(file, old, new)
		}
	}
	return nil
}

func (d *differ) limit(file string, old, new limits) {
	c := Change{Subject: file}
	c.Old, c.OldAt = old.of(file)
	c.New, c.NewAt = new.of(file)
	c.Order = limitOrder(file, c.Old, c.New)
	if c.Order == Unknown {
		c.Note = "no order is known of these values"
	}
	c.Old, c.New = orNotSet(c.Old), orNotSet(c.New)
	d.add(c)
}

func orNotSet(s string) string {
	if s == "" {
		return "not set"
	}
	return s
}

// limitOrder compares two values of a file, "" for absent.
func limitOrder(file, old, new string) Order {
	if old == new {
		return Equal
	}
	switch file {
	case "memory.max", "memory.high", "memory.swap.max", "pids.max":
		return parsed(old, new, quantity, widths[uint64], Behaviour)
	case "cpu.max":
		return parsed(old, new, bandwidth, shares, Behaviour)
	case "cpuset.cpus":
		return parsed(old, new, processors, cpuSets, Behaviour)
	case "cpu.weight", "memory.oom.group":
		return Behaviour
	}
	return Unknown
}

// parsed compares what two texts stand for. Texts that differ and mean the same are of
// the order same; a text that is not understood is unknown.
func parsed[T any](old, new string, parse func(string) (T, bool), compare func(old, new T) Order, same Order) Order {
	o, ok := parse(old)
	n, ok2 := parse(new)
	if !ok || !ok2 {
		return Unknown
	}
	if order := compare(o, n); order != Equal {
		return order
	}
	return same
}

// quantity reads a number or "max".
func quantity(s string) (uint64, bool) {
	if s == "" || s == "max" {
		return infinite, true
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil
}

// share is a part of the processors' time: quota in each period.
type share struct{ quota, period uint64 }

// bandwidth reads cpu.max. The period alone is behaviour: how long the workload stands
// still when its part is spent.
func bandwidth(s string) (share, bool) {
	quota, period, two := strings.Cut(s, " ")
	q, ok := quantity(quota)
	p := uint64(100000) // the kernel's, where the file is written with a quota alone
	if two {
		var okPeriod bool
		if p, okPeriod = quantity(period); !okPeriod || p == infinite || p == 0 {
			return share{}, false
		}
	}
	return share{q, p}, ok
}

// shares compares exactly, by products of 128 bits.
func shares(old, new share) Order {
	if old.quota == infinite || new.quota == infinite {
		return widths(old.quota, new.quota)
	}
	oldHigh, oldLow := bits.Mul64(old.quota, new.period)
	newHigh, newLow := bits.Mul64(new.quota, old.period)
	if order := widths(oldHigh, newHigh); order != Equal {
		return order
	}
	return widths(oldLow, newLow)
}

// most is over NR_CPUS, which is at most 8192.
const most = 1 << 13

// processors reads a list of ranges; all of them where it is absent.
func processors(s string) (*[most]bool, bool) {
	set := new([most]bool)
	if s == "" {
		s = fmt.Sprintf("0-%d", most-1)
	}
	for part := range strings.SplitSeq(s, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		a, err := strconv.ParseUint(first, 10, 13)
		b, err2 := strconv.ParseUint(last, 10, 13)
		if err != nil || err2 != nil || a > b {
			return nil, false
		}
		for ; a <= b; a++ {
			set[a] = true
		}
	}
	return set, true
}

func cpuSets(old, new *[most]bool) Order {
	order := Equal
	for i := range old {
		order = join(order, powers(flag(old[i]), flag(new[i])))
	}
	return order
}
