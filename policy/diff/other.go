package diff

import (
	"fmt"
	"reflect"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/filter"
)

// handled names the fields of sealed.Policy that some dimension compares. What is not
// here is compared by other, which can only say that it is unknown.
var handled = map[string]bool{
	"Service": true, "Inputs": true, // notes
	"Exec.Argv": true, "Exec.Env": true, "Exec.Cwd": true, "Exec.UID": true, "Exec.GID": true, "Exec.Groups": true,
	"Exec.Umask": true, "Exec.SetOOM": true, "Exec.OOMScore": true, "Exec.TTY": true,
	"Exec.Memory.MDWE": true, "Exec.Memory.MemFD": true, "Exec.Core": true, "Exec.Spec": true,
	"Exec.Rlimits.Resource": true, "Exec.Rlimits.Soft": true, "Exec.Rlimits.Hard": true,
	"Root.IDMap": true, "Root.Path": true, "Root.Image.File": true, "Root.Image.Verity": true, "Root.Image.Hash": true, "Root.Writable": true, "Root.Symlinks.Path": true, "Root.Symlinks.Target": true,
	"Namespaces.New": true, "Namespaces.Hostname": true, "Namespaces.Join": true,
	"Namespaces.UIDs.Inside": true, "Namespaces.UIDs.Outside": true, "Namespaces.UIDs.Count": true,
	"Namespaces.GIDs.Inside": true, "Namespaces.GIDs.Outside": true, "Namespaces.GIDs.Count": true,
	"Namespaces.Clocks.Monotonic": true, "Namespaces.Clocks.Boottime": true,
	"Mounts.Kind": true, "Mounts.Target": true, "Mounts.Source": true, "Mounts.Type": true, "Mounts.Recursive": true,
	"Mounts.Writable": true, "Mounts.Exec": true, "Mounts.Devices": true, "Mounts.IDMap": true, "Mounts.PIDOnly": true, "Mounts.NoFollow": true, "Mounts.Size": true, "Mounts.Inodes": true,
	"Mounts.Mode": true, "Mounts.UID": true, "Mounts.GID": true,
	"Masks.Path": true, "Masks.Type": true, "Masks.Default": true,
	"ReadOnly.Path": true, "ReadOnly.Type": true, "ReadOnly.Default": true,
	"Caps.Keep": true, "Caps.Ambient": true,
	"Filters.Arch": true, "Filters.Program": true, "Filters.By": true, // By: notes
	"LSM.AppArmor.Text": true, "LSM.AppArmor.Require": true, "LSM.SELinux.Text": true, "LSM.SELinux.Require": true,
	"LSM.Profile.Text": true, "LSM.Profile.Binaries.ABI": true, "LSM.Profile.Binaries.Bytes": true,
	"LSM.Contexts.Auto": true, "LSM.Contexts.Files": true,
	"LSM.Landlock.Files": true, "LSM.Landlock.Net": true, "LSM.Landlock.Scoped": true, "LSM.Landlock.MinABI": true, "LSM.Landlock.Log": true,
	"LSM.Landlock.Beneath.Path": true, "LSM.Landlock.Beneath.Type": true, "LSM.Landlock.Beneath.Allow": true,
	"LSM.Landlock.Ports.Number": true, "LSM.Landlock.Ports.Allow": true,
	"Limits.File": true, "Limits.Value": true,
	"Devices.Path": true, "Devices.Block": true, "Devices.Major": true, "Devices.Minor": true, "Devices.Access": true,
	"Signals.Forward.From": true, "Signals.Forward.To": true, "Signals.Scope": true, "Signals.Stop": true, "Signals.Grace": true,
	"Manager.Ready": true, "Manager.Watchdog": true, "Manager.Sockets.Name": true, "Manager.Credentials.Name": true,
}

// other reports the fields that differ and that no dimension knows: the sealed policy
// has grown, and this room has not. They may matter, so they are never called equal.
func (d *differ) other() error {
	unhandled("", reflect.ValueOf(d.old.Policy).Elem(), reflect.ValueOf(d.new.Policy).Elem(), func(path string, old, new any) {
		d.add(Change{
			Subject: path, Order: Unknown, Old: fmt.Sprintf("%+v", old), New: fmt.Sprintf("%+v", new),
			Note: "this version of casemate diff does not know the field",
		})
	})
	return nil
}

// unhandled calls report with each unknown field that differs. Lists are compared element
// by element, in their order.
func unhandled(path string, old, new reflect.Value, report func(path string, old, new any)) {
	switch {
	case handled[path] || strings.HasSuffix(path, "At"):
	case old.Kind() == reflect.Struct:
		for i := range old.NumField() {
			unhandled(strings.TrimPrefix(path+"."+old.Type().Field(i).Name, "."), old.Field(i), new.Field(i), report)
		}
	case old.Kind() == reflect.Slice && hasHandled(path+"."):
		for i := range min(old.Len(), new.Len()) {
			unhandled(path, old.Index(i), new.Index(i), report)
		}
	case !reflect.DeepEqual(old.Interface(), new.Interface()):
		report(path, old.Interface(), new.Interface())
	}
}

func hasHandled(prefix string) bool {
	for path := range handled {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// notes say what is none of confinement or behaviour, and what a comparison of policies
// cannot see.
func notes(old, new *sealed.Policy) []string {
	var notes []string
	for _, in := range new.Inputs {
		switch o := input(old, in); {
		case o == nil && in.Kind != "text": // the files compared stand above
			notes = append(notes, "made from, only new: "+in.Kind+" "+in.Name)
		case o != nil && o.Digest != in.Digest:
			notes = append(notes, "made from, changed: "+in.Kind+" "+in.Name)
		}
	}
	for _, in := range old.Inputs {
		if input(new, in) == nil && in.Kind != "text" {
			notes = append(notes, "made from, only old: "+in.Kind+" "+in.Name)
		}
	}
	for _, arch := range filter.Arches() {
		if o, n := filterOf(old, arch), filterOf(new, arch); o != nil && n != nil && o.By != n.By {
			notes = append(notes, fmt.Sprintf("the filter for %s was made by %s, and now by %s", arch, orNone(o.By), orNone(n.By)))
		}
	}
	if compiler(old) != compiler(new) {
		notes = append(notes, "the compilers differ ("+compiler(old)+", "+compiler(new)+"): what every launch does whatever its policy says "+
			"(no_new_privs, securebits, nosuid, the nodes of /dev) is the shim's, and is not compared")
	}
	return notes
}

// input finds what a policy was made from by its kind and name.
func input(p *sealed.Policy, like sealed.Input) *sealed.Input {
	for i := range p.Inputs {
		if p.Inputs[i].Kind == like.Kind && p.Inputs[i].Name == like.Name {
			return &p.Inputs[i]
		}
	}
	return nil
}

func compiler(p *sealed.Policy) string {
	for _, in := range p.Inputs {
		if in.Kind == "compiler" {
			return in.Name
		}
	}
	return "unknown"
}

func hex(n uint64) string { return fmt.Sprintf("%#x", n) }
