package main

import (
	"fmt"

	"casemate/internal/sealed"
	"casemate/policy/compile"
	"casemate/policy/syntax"
)

// rows fills the lists of names and values.
func (v *view) rows(p *sealed.Policy) {
	for _, r := range p.Exec.Rlimits {
		v.Rlimits = append(v.Rlimits, row{compile.RlimitName(r.Resource), bound(r.Soft) + ":" + bound(r.Hard), r.At})
	}
	for _, s := range p.Root.Symlinks {
		v.Symlinks = append(v.Symlinks, row{s.Path, s.Target, s.At})
	}
	for _, m := range p.Masks {
		v.Masked = append(v.Masked, pathRow(m))
	}
	for _, m := range p.ReadOnly {
		v.Readonly = append(v.Readonly, pathRow(m))
	}
	for _, f := range p.Filters {
		v.Filters = append(v.Filters, row{archName(f.Arch), fmt.Sprintf("%d instructions", len(f.Program)/8), "by " + f.By})
	}
	for _, l := range []struct {
		name  string
		label sealed.Label
	}{{"apparmor", p.LSM.AppArmor}, {"selinux", p.LSM.SELinux}} {
		if l.label.Text != "" {
			v.Labels = append(v.Labels, row{l.name, l.label.Text + map[bool]string{true: " (required)", false: " (preferred)"}[l.label.Require], l.label.At})
		}
	}
	if c := &p.LSM.Contexts; c.Auto {
		v.Labels = append(v.Labels, row{"selinux level", "a pair of categories of its own", p.LSM.SELinux.At})
	}
	if c := &p.LSM.Contexts; c.Files != "" {
		v.Labels = append(v.Labels, row{"selinux files", c.Files, p.LSM.SELinux.At})
	}
	for _, b := range p.LSM.Profile.Binaries {
		v.Labels = append(v.Labels, row{"apparmor profile", fmt.Sprintf("%d bytes", len(b.Bytes)), "generated, abi " + b.ABI})
	}
	for _, l := range p.Limits {
		v.Cgroup = append(v.Cgroup, row{l.File, l.Value, l.At})
	}
	for _, d := range p.Devices {
		v.Devices = append(v.Devices, row{d.Path, deviceText(d), d.At})
	}
	for _, s := range p.Signals.Forward {
		v.Signals = append(v.Signals, row{syntax.SignalName(s.From), syntax.SignalName(s.To), ""})
	}
	for _, s := range p.Manager.Sockets {
		v.Sockets = append(v.Sockets, row{Name: s.Name, At: s.At})
	}
	for _, s := range p.Manager.Credentials {
		v.Credentials = append(v.Credentials, row{Name: s.Name, At: s.At})
	}
	for _, in := range p.Inputs {
		v.Inputs = append(v.Inputs, row{in.Kind + " " + in.Name, fmt.Sprintf("%x", in.Digest), ""})
	}
}

// deviceText is the device as the policy writes it, and what may be done with it.
func deviceText(d sealed.Device) string {
	kind := map[bool]string{true: "b", false: "c"}[d.Block]
	access := map[uint8]string{sealed.AccessRead: "r", sealed.AccessWrite: "w", sealed.AccessRead | sealed.AccessWrite: "rw"}[d.Access]
	return fmt.Sprintf("%s %d:%d %s", kind, d.Major, d.Minor, access)
}

func pathRow(p sealed.Path) row {
	if !p.Default && p.Type == sealed.Directory {
		p.Path += "/"
	}
	return row{Name: p.Path, At: p.At}
}

func bound(n uint64) string {
	if n == ^uint64(0) {
		return "unlimited"
	}
	return fmt.Sprint(n)
}
