package importer

import (
	"fmt"
	"slices"
	"strings"

	"casemate/policy/base"
	"casemate/policy/filter"
)

// reasons gives every grant that wants one the reason of the command line, or takes it
// out. A reason that nobody thought of would pass for one that somebody did.
func (d *draft) reasons(needs []Need, why string) error {
	for _, n := range needs {
		if refused := d.withdrawn[n.Key]; refused != "" {
			return fmt.Errorf("the reason %q: %s", why, refused)
		}
		if why != "" {
			d.entry("why", n.Key, why)
			continue
		}
		section, name, _ := strings.Cut(n.Key, ".")
		d.comments.add(section, reason, n.Danger+"; to grant it, state it again with the reason under [why]", fmt.Sprintf("%s, key %s", d.withdraw(section, name), quote(n.Key)))
	}
	return nil
}

// withdraw takes a dangerous grant out, or makes it harmless, and says what it was.
func (d *draft) withdraw(section, name string) string {
	key := section + "." + name
	switch section {
	case "capabilities":
		d.drop("capabilities.keep", name)
		d.drop("capabilities.ambient", name)
		return quote(name) + " of capabilities.keep"
	case "seccomp":
		return d.withdrawCall(name)
	case "mounts":
		return d.withdrawMount(name)
	case "cgroup":
		return d.withdrawDevice(strings.TrimPrefix(name, "devices."))
	case "masks":
		d.drop("masks.unmask", name)
		return quote(name) + " of masks.unmask"
	case "namespaces":
		if mode := d.get("network.mode"); name == "net" && mode != nil {
			d.take("network.mode")
			return "network.mode = " + quote(mode)
		}
		d.drop("namespaces.share", name)
		return quote(name) + " of namespaces.share"
	}
	v := d.get(key)
	d.take(key)
	if key == "exec.user" && d.get("exec.group") == "0" {
		d.take("exec.group") // it was said with the user
	}
	if v == nil {
		return key
	}
	return key + " = " + quote(v)
}

func (d *draft) take(path string) {
	t, key := d.at(path, false)
	delete(t, key)
}

// withdrawCall narrows a call to what the shipped groups allow of it, or takes it out.
func (d *draft) withdrawCall(name string) string {
	own, _ := d.get("seccomp.when").(table)
	before, _ := own[name].(string)
	shown := quote(name) + " of seccomp.allow"
	if before != "" {
		shown = "seccomp.when." + name + " = " + quote(before)
	}
	safe := groupCondition(name)
	if slices.Contains(filter.InitSet(), name) { // it can have no condition but init's own
		safe = ""
	}
	if safe == "" || d.narrowed[name] {
		d.drop("seccomp.allow", name)
		delete(own, name)
		return shown
	}
	if before != "" {
		safe = "(" + before + ") && (" + safe + ")"
	}
	d.narrowed[name] = true
	d.entry("seccomp.when", name, safe)
	return shown + ", which is narrowed to what the groups allow"
}

// groupCondition is what the shipped groups that grant a call demand of it; "" where
// one of them grants it freely, or none does.
func groupCondition(call string) string {
	var all []string
	for _, name := range base.Groups() {
		g, _ := base.FindGroup(name)
		if !slices.Contains(g.Calls, call) {
			continue
		}
		when := g.When[call]
		if when == "" {
			return ""
		}
		if !slices.Contains(all, when) {
			all = append(all, when)
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	for i, when := range all {
		all[i] = "(" + when + ")"
	}
	return strings.Join(all, " || ")
}

// withdrawMount makes a writable mount one that cannot be executed from, or takes it
// out.
func (d *draft) withdrawMount(target string) string {
	for _, list := range []string{"mounts.bind", "mounts.tmpfs"} {
		for i, t := range d.elements(list) {
			at, ok := t["at"].(string)
			if !ok {
				at, _ = t["from"].(string)
			}
			if at != target {
				continue
			}
			shown := quote(t) + " of " + list
			if t["exec"] == true && (t["writable"] == true || list == "mounts.tmpfs") {
				delete(t, "exec")
				return shown + ", which lost exec"
			}
			all, _ := d.get(list).([]any)
			d.set(list, slices.Delete(slices.Clone(all), i, i+1))
			return shown
		}
	}
	return "mounts." + target
}
