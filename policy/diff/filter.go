package diff

import (
	"bytes"
	"fmt"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/filter"
	"casemate/policy/prove"
	"casemate/policy/region"
	"casemate/policy/syntax"
)

// seccomp walks the filters of both policies in lockstep, for each architecture, and
// reports every system call that they judge differently.
func (d *differ) seccomp() error {
	for _, arch := range filter.Arches() {
		o, n := filterOf(d.old.Policy, arch), filterOf(d.new.Policy, arch)
		var err error
		switch {
		case o == nil && n == nil:
		case o == nil:
			d.add(Change{Subject: string(arch), Order: Weaker, Old: "no filter", New: "a filter", Note: "it can be launched there now"})
		case n == nil:
			d.add(Change{Subject: string(arch), Order: Stricter, Old: "a filter", New: "no filter", Note: "it cannot be launched there any more"})
		default:
			err = d.programs(arch, o.Program, n.Program)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", arch, err)
		}
	}
	return nil
}

func filterOf(p *sealed.Policy, arch filter.Arch) *sealed.Filter {
	for i := range p.Filters {
		if p.Filters[i].Arch == arch.AuditArch() {
			return &p.Filters[i]
		}
	}
	return nil
}

func (d *differ) programs(arch filter.Arch, old, new []byte) error {
	if bytes.Equal(old, new) {
		return nil
	}
	o, err := prove.Parse(old)
	if err != nil {
		return fmt.Errorf("%s: the filter cannot be compared: %w", d.old.Name, err)
	}
	n, err := prove.Parse(new)
	if err != nil {
		return fmt.Errorf("%s: the filter cannot be compared: %w", d.new.Name, err)
	}
	l := lockstep{differ: d, arch: arch}
	here := prove.Values(arch.AuditArch())
	if err := l.walk(o, n, prove.Everything().With(prove.Arch, here)); err != nil {
		return err
	}
	var known []uint32
	for _, nr := range filter.Numbers(arch) {
		known = append(known, uint32(nr))
		if l.diverge.Contains(uint32(nr)) {
			l.compare(region.Name(arch, uint32(nr)), prove.Values(uint32(nr)))
		}
	}
	l.unknown(prove.Values(known...))
	if err := l.walk(o, n, prove.Everything().With(prove.Arch, here.Not())); err != nil {
		return err
	}
	l.compare(elsewhere, prove.Full())
	return nil
}

// lockstep holds what two programs of one architecture say, region by region.
type lockstep struct {
	*differ
	arch    filter.Arch
	regions []judged
	diverge prove.Set // the numbers of regions of which they say different things
}

// judged is a region with the one verdict of each program on all of it.
type judged struct {
	box prove.Box
	verdicts
}

// verdicts are what the two programs say of one region.
type verdicts struct{ old, new filter.Action }

// mostRegions bounds what a walk keeps. Two filters of 300 rules make some 2,000.
const mostRegions = 1 << 15

// walk collects the regions of in.
func (l *lockstep) walk(old, new *prove.Program, in prove.Box) error {
	l.regions, l.diverge = nil, prove.Set{}
	err := prove.Pair(old, new, in, func(at prove.Box, a, b filter.Action) bool {
		l.regions = append(l.regions, judged{at, verdicts{a, b}})
		if a != b {
			l.diverge = l.diverge.Or(at[prove.NR])
		}
		return len(l.regions) <= mostRegions
	})
	if err == nil && len(l.regions) > mostRegions {
		err = fmt.Errorf("the filters fall into more than %d regions: %w", mostRegions, prove.ErrComplex)
	}
	return err
}

// unknown compares the numbers that are no system call of the table.
func (l *lockstep) unknown(known prove.Set) {
	if l.diverge.Within(known) {
		return
	}
	rest := known.Not()
	if l.arch == filter.AMD64 {
		x32 := prove.Range(filter.X32Bit, 1<<32-1).Minus(prove.Values(filter.Skipped))
		rest = rest.Minus(x32)
		l.compare("x32 calls", x32)
	}
	l.compare("unknown numbers", rest)
}

// compare reports where the programs differ over the numbers of a set: one change for each pair of
// verdicts, with all the arguments that lead to it.
func (l *lockstep) compare(subject string, numbers prove.Set) {
	if l.diverge.And(numbers).Empty() {
		return
	}
	boxes := map[verdicts][]prove.Box{}
	var order []verdicts
	one := numbers.Count() == 1
	for _, r := range l.regions {
		set := numbers
		if one && !r.box[prove.NR].Contains(numbers.Sample()) {
			continue
		}
		if !one {
			set = set.And(r.box[prove.NR])
		}
		if set.Empty() {
			continue
		}
		if boxes[r.verdicts] == nil {
			order = append(order, r.verdicts)
		}
		boxes[r.verdicts] = append(boxes[r.verdicts], r.box.With(prove.NR, set))
	}
	for _, v := range order {
		if v.old == v.new {
			continue
		}
		var outside []prove.Box
		for _, other := range order {
			if other != v {
				outside = append(outside, boxes[other]...)
			}
		}
		c := l.change(subject, v, boxes[v], outside)
		c.Note = strings.TrimSpace(c.Note + only(boxes[v], prove.NR, numbers, "numbers"))
		if subject == elsewhere {
			c.Note = strings.TrimSpace(c.Note + only(boxes[v], prove.Arch, prove.Values(l.arch.AuditArch()).Not(), "architectures"))
		}
		l.add(c)
	}
}

// elsewhere is the subject of calls by another architecture's entry.
const elsewhere = "other architectures"

// only says for which values of a word the boxes are, unless it is all that were asked about.
func only(boxes []prove.Box, word prove.Word, all prove.Set, name string) string {
	var set prove.Set
	for _, b := range boxes {
		set = set.Or(b[word])
	}
	if set.Equal(all) {
		return ""
	}
	var parts []string
	for first, last := range set.Ranges() {
		if len(parts) == 4 {
			parts = append(parts, "…")
			break
		}
		if first == last {
			parts = append(parts, hex(uint64(first)))
		} else {
			parts = append(parts, hex(uint64(first))+" to "+hex(uint64(last)))
		}
	}
	return " only " + name + " " + strings.Join(parts, ", ")
}

func (l *lockstep) change(subject string, v verdicts, boxes, outside []prove.Box) Change {
	order, note := judge(v)
	c := Change{
		Subject: string(l.arch) + " " + subject, Order: order, Note: note, Old: verdict(v.old), New: verdict(v.new),
		When: region.Either(l.arch, subject, boxes, outside), OldAt: l.differ.old.rule(subject), NewAt: l.differ.new.rule(subject),
	}
	sample := boxes[0].Sample()
	c.Witness = &Witness{Arch: string(l.arch), NR: sample.NR, Args: sample.Args, Text: region.Call(l.arch, sample)}
	if sample.Arch != l.arch.AuditArch() {
		c.Witness.Arch = hex(uint64(sample.Arch))
		c.Witness.Text = fmt.Sprintf("number %d of architecture %#x", sample.NR, sample.Arch)
	}
	return c
}

// rule is the line that decides about a call, where the text is there.
func (s *Side) rule(call string) string {
	if s.Text == nil {
		return ""
	}
	for _, p := range []syntax.Position{
		s.Text.PosOf("seccomp.kill", call), s.Text.Pos("seccomp.when", call), s.Text.PosOf("seccomp.allow", call),
	} {
		if p.Line > 0 {
			return p.String()
		}
	}
	return s.Rules.Allow[call].At
}
