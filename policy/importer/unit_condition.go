package importer

import (
	"slices"
	"strings"

	"casemate/policy/filter"
)

// conditions carries over the restrictions that look at arguments.
func (u *service) conditions() {
	u.families()
	u.writeExecute()
	if u.is("RestrictRealtime") {
		u.condition("sched_setscheduler", "policy in {0, 3, 5}") // SCHED_OTHER, SCHED_BATCH, SCHED_IDLE
	}
	if one, ok := u.last("RestrictRealtime"); ok {
		done(one.item)
	}
}

// condition narrows a call that is allowed.
func (u *service) condition(call, when string) {
	if !u.granted(call) {
		return
	}
	whens, _ := u.d.get("seccomp.when").(table)
	if before, ok := whens[call].(string); ok && before != when {
		when = "(" + before + ") && (" + when + ")"
	}
	u.d.entry("seccomp.when", call, when)
}

// writeExecute: memory is not made executable after it was written.
func (u *service) writeExecute() {
	one, ok := u.last("MemoryDenyWriteExecute")
	switch {
	case !ok:
		return
	case isOff(one.value):
		done(one.item)
		return
	}
	u.condition("mprotect", "prot & PROT_EXEC == 0")
	u.condition("pkey_mprotect", "prot & PROT_EXEC == 0")
	u.condition("shmat", "shmflg & SHM_EXEC == 0")
	u.d.lost("seccomp", "mprotect, pkey_mprotect and shmat are narrowed; init itself needs mmap, which stays free; on Linux 6.3 exec.mdwe = true says all of it", one.item)
}

// families reads RestrictAddressFamilies=: lists that add, with ~ lists that take away.
type families struct {
	names  []string
	except bool // all but these
}

func (u *service) readFamilies() (f families, stated bool) {
	for i, one := range u.values["RestrictAddressFamilies"] {
		list, without := strings.CutPrefix(one.value, "~")
		if i == 0 {
			f.except = without
		}
		for name := range strings.FieldsSeq(list) {
			_, known := filter.ConstantValue(filter.AMD64, name)
			switch {
			case name == "none":
			case !known || !strings.HasPrefix(name, "AF_"):
				u.d.skip("seccomp", "not a family that is known here: "+name, one.item)
			case without == f.except:
				f.names = append(f.names, name)
			default:
				f.names = slices.DeleteFunc(f.names, func(s string) bool { return s == name })
			}
		}
		stated = true
	}
	all := itemsOf(u.values["RestrictAddressFamilies"])
	if f.noSockets() {
		u.d.hold("seccomp", all...)
	}
	done(all...)
	return f, stated
}

// noSockets tells whether a unit allows no family at all.
func (f families) noSockets() bool { return !f.except && len(f.names) == 0 }

func (u *service) families() {
	f, stated := u.readFamilies()
	if !stated || f.noSockets() || f.except && len(f.names) == 0 {
		return
	}
	set := "in {" + strings.Join(f.names, ", ") + "}"
	if !f.except {
		whens, _ := u.d.get("seccomp.when").(table)
		delete(whens, "socket") // the unit's list is what counts
		u.condition("socket", "family "+set)
		return
	}
	if whens, _ := u.d.get("seccomp.when").(table); whens["socket"] == nil && u.d.get("extends") != nil {
		u.condition("socket", groupCondition("socket"))
	}
	u.condition("socket", "family not "+set)
}
