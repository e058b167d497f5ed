package diff

import (
	"fmt"
	"maps"
	"slices"

	"casemate/internal/sealed"
)

// reach is what may be done with a device, by its number: under which name it is found
// is behaviour.
type reach struct {
	access uint64
	path   string
	at     string
}

func devicesOf(p *sealed.Policy) map[string]reach {
	all := map[string]reach{}
	for _, d := range p.Devices {
		kind := "c"
		if d.Block {
			kind = "b"
		}
		number := fmt.Sprintf("%s %d:%d", kind, d.Major, d.Minor)
		r := all[number]
		all[number] = reach{r.access | uint64(d.Access), r.path + " " + d.Path, d.At}
	}
	return all
}

// devices compares the devices besides those that every /dev has.
func (d *differ) devices() error {
	old, new := devicesOf(d.old.Policy), devicesOf(d.new.Policy)
	both := maps.Clone(old)
	maps.Copy(both, new)
	for _, number := range slices.Sorted(maps.Keys(both)) {
		o, n := old[number], new[number]
		order := powers(o.access, n.access)
		if order == Equal {
			order = either(o.path, n.path)
		}
		d.add(Change{Subject: number, Order: order, Old: o.text(), New: n.text(), OldAt: o.at, NewAt: n.at})
	}
	return nil
}

func (r reach) text() string {
	if r.access == 0 {
		return "out of reach"
	}
	access := ""
	if r.access&sealed.AccessRead != 0 {
		access += "r"
	}
	if r.access&sealed.AccessWrite != 0 {
		access += "w"
	}
	return access + r.path
}
