package importer

import (
	"slices"
	"strings"

	"casemate/internal/caps"

	"golang.org/x/sys/unix"
)

// identity is who the service runs as, and what it may.
func (u *service) identity() {
	user, hasUser := u.last("User")
	dynamic := u.is("DynamicUser")
	root := !dynamic && (!hasUser && !u.open["User"] || user.value == "root" || user.value == "0")
	if group, ok := u.last("Group"); ok && dynamic {
		u.d.skip("exec", "without a user of its own the group is 65534 too", group.item)
	} else if ok {
		u.d.set("exec.group", group.value)
		done(group.item)
	}
	switch {
	case dynamic:
		u.d.note("exec", "there is no user that is made for the time of a run: it is 65534, which other services may have too; a user of its own is better")
		done(itemsOf(u.values["DynamicUser"])...)
	case !hasUser && !root:
		u.d.note("exec", "the user is not known here: it is 65534, which other services may have too")
	case root:
		u.d.set("exec.user", "0")
		if u.d.get("exec.group") == nil {
			u.d.set("exec.group", "0")
		}
	default:
		u.d.set("exec.user", user.value)
	}
	done(user.item)
	u.d.hold("exec", itemsOf(u.values["DynamicUser"])...)
	u.capabilities(root)
}

// capSet is a set of capabilities in the making.
type capSet map[string]bool

func allCaps() capSet {
	all := capSet{}
	for n := range unix.CAP_LAST_CAP + 1 {
		all[capability(caps.Name(n))] = true
	}
	return all
}

// capSetOf reads the lines of CapabilityBoundingSet= or AmbientCapabilities=: lists that
// add, with ~ lists that take away, from everything where they come first.
func (u *service) capSetOf(key string) capSet {
	all := u.values[key]
	if all == nil {
		return nil
	}
	var set capSet
	for _, one := range all {
		list, without := strings.CutPrefix(one.value, "~")
		switch {
		case one.value == "":
			set = capSet{}
		case set == nil && without:
			set = allCaps()
		case set == nil:
			set = capSet{}
		}
		for name := range strings.FieldsSeq(list) {
			if without {
				delete(set, capability(name))
			} else {
				set[capability(name)] = true
			}
		}
		done(one.item)
	}
	return set
}

// taken are the capabilities that other restrictions take.
var taken = map[string][]string{
	"ProtectClock": {"SYS_TIME", "WAKE_ALARM"}, "ProtectKernelModules": {"SYS_MODULE"}, "ProtectKernelLogs": {"SYSLOG"},
	"PrivateDevices": {"MKNOD", "SYS_RAWIO"},
}

// capabilities: root holds the bounding set, others what is ambient.
func (u *service) capabilities(root bool) {
	if !root { // nothing is gained across execve, so that the set bounds nothing more
		u.d.hold("capabilities", itemsOf(u.values["CapabilityBoundingSet"])...)
	}
	bounding, ambient := u.capSetOf("CapabilityBoundingSet"), u.capSetOf("AmbientCapabilities")
	held := ambient
	if root {
		held = bounding
		if bounding == nil {
			u.d.note("capabilities", "the unit leaves root all its capabilities; none are kept here: name those that it needs")
		}
	}
	var keep []string
	for name := range held {
		gone := bounding != nil && !bounding[name]
		for key, names := range taken {
			gone = gone || u.is(key) && slices.Contains(names, name)
		}
		if !gone {
			keep = append(keep, name)
		}
	}
	if held == nil && bounding == nil {
		return
	}
	slices.Sort(keep)
	u.d.set("capabilities.keep", []any{})
	u.d.add("capabilities.keep", keep...)
}
