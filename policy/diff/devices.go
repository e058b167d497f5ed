package diff

import (
	"fmt"
	"maps"
	"slices"

	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
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
	d.otherDevices()
	return nil
}

// reaching are the capabilities with which a workload can come by a node that the launch
// has not made: making one, or mounting a file system that has one.
const reaching = 1<<unix.CAP_MKNOD | 1<<unix.CAP_SYS_ADMIN

// otherDevices compares what keeps the workload from all devices that are not listed: with
// any that is, a program on the cgroup (internal/cgroup). Without one the mounts' nodev
// does, unless the workload holds what passes by it.
func (d *differ) otherDevices() {
	old, new := d.old.Policy, d.new.Policy
	if (old.Caps.Ambient|new.Caps.Ambient)&reaching == 0 {
		return
	}
	kept := func(p *sealed.Policy) (bool, string) {
		if len(p.Devices) > 0 {
			return true, "kept away by a device program"
		}
		return false, "no device program"
	}
	o, before := kept(old)
	n, after := kept(new)
	d.add(Change{
		Subject: "all others", Order: powers(flag(!o), flag(!n)), Old: before, New: after, OldAt: old.Caps.At, NewAt: new.Caps.At,
		Note: "nodev alone does not keep a workload away that may make nodes or mount",
	})
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
