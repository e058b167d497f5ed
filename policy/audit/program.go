package audit

import (
	"fmt"

	"casemate/internal/sealed"
	"casemate/policy/filter"
	"casemate/policy/prove"

	"golang.org/x/sys/unix"
)

// program is a sealed filter, walked once for all rules.
type program struct {
	arch  filter.Arch
	code  *prove.Program
	bytes []byte
	fault error            // not nil: it cannot be judged, and the rest is empty
	areas []area           // over all calls there are
	of    map[uint32][]int // the areas of each call that the table knows
}

// area is a set of calls that get one verdict.
type area struct {
	box     prove.Box
	verdict filter.Action
}

// maxAreas bounds the work on a hostile filter. A shipped base has 15; 286 calls with 60
// conditions on two arguments have 84.
const maxAreas = 1 << 15

// walked walks a filter.
func walked(f sealed.Filter) *program {
	p := &program{bytes: f.Program, of: map[uint32][]int{}}
	for _, a := range filter.Arches() {
		if a.AuditArch() == f.Arch {
			p.arch = a
		}
	}
	if p.code, p.fault = prove.Parse(f.Program); p.fault != nil {
		return p
	}
	p.fault = p.code.Walk(prove.Everything(), func(b prove.Box, a filter.Action) bool {
		p.areas = append(p.areas, area{b, a})
		return len(p.areas) <= maxAreas
	})
	if len(p.areas) > maxAreas {
		p.fault = fmt.Errorf("more than %d cases", maxAreas)
	}
	if p.fault != nil {
		p.areas = nil
		return p
	}
	p.index()
	return p
}

// index notes which areas each known call has under the program's own architecture.
func (p *program) index() {
	known := filter.Numbers(p.arch)
	for i, r := range p.areas {
		if !r.box[prove.Arch].Contains(p.arch.AuditArch()) {
			continue
		}
		next := 0
		for first, last := range r.box[prove.NR].Ranges() {
			for next < len(known) && uint32(known[next]) < first {
				next++
			}
			for ; next < len(known) && uint32(known[next]) <= last; next++ {
				nr := uint32(known[next])
				p.of[nr] = append(p.of[nr], i)
			}
			if next == len(known) {
				break
			}
		}
	}
}

// where demands that a word of the call is in a set.
type where struct {
	word prove.Word
	in   prove.Set
}

// within reports the part of an area where the demands hold; false for none.
func (r *area) within(demands []where) (prove.Box, bool) {
	box := r.box
	for _, d := range demands {
		box[d.word] = box[d.word].And(d.in)
		if box[d.word].Empty() {
			return box, false
		}
	}
	return box, true
}

// reach gives an allowed call of name that keeps the demands; nil for none.
func (p *program) reach(name string, demands ...where) *Witness {
	nr, ok := numberOf(p.arch, name)
	if !ok {
		return nil
	}
	for _, i := range p.of[nr] {
		r := &p.areas[i]
		if !permits(r.verdict) {
			continue
		}
		if box, ok := r.within(demands); ok {
			box[prove.NR] = prove.Values(nr)
			box[prove.Arch] = prove.Values(p.arch.AuditArch())
			return &Witness{p.arch, box.Sample(), r.verdict}
		}
	}
	return nil
}

// freedom is how much of a call is allowed.
type freedom uint8

const (
	absent freedom = iota // not of this architecture, or nothing is known
	denied
	killed
	conditional
	free
)

// freedom tells what the filter says of a call over all arguments.
func (p *program) freedom(name string) freedom {
	nr, ok := numberOf(p.arch, name)
	if !ok || len(p.of[nr]) == 0 {
		return absent
	}
	allowed, kills, others := 0, 0, 0
	for _, i := range p.of[nr] {
		switch a := p.areas[i].verdict; {
		case permits(a):
			allowed++
		case a == filter.ActionKillProcess:
			kills++
		default:
			others++
		}
	}
	switch {
	case allowed > 0 && kills+others > 0:
		return conditional
	case allowed > 0:
		return free
	case others == 0:
		return killed
	}
	return denied
}

// kind is a verdict without its data.
func kind(a filter.Action) uint32 { return uint32(a) & unix.SECCOMP_RET_ACTION_FULL }

// permits reports whether the call is made: with or without a line in the log.
func permits(a filter.Action) bool {
	return kind(a) == unix.SECCOMP_RET_ALLOW || kind(a) == unix.SECCOMP_RET_LOG
}

// example is a call of an area that keeps the demands, as the evidence of a finding.
func (p *program) example(r *area, demands ...where) *Witness {
	box, ok := r.within(demands)
	if !ok {
		return nil
	}
	return &Witness{p.arch, box.Sample(), r.verdict}
}
