package main

import (
	"fmt"
	"strings"

	"casemate/internal/caps"
	"casemate/internal/sealed"
	"casemate/policy/compile"

	"golang.org/x/sys/unix"
)

// view is a sealed policy in words, for people and for scripts.
type view struct {
	Service      string     `json:"service"`
	Digest       string     `json:"digest"`
	KeyID        string     `json:"key_id,omitempty"` // of the signer, as the file claims
	Argv         []string   `json:"argv"`
	Env          []string   `json:"env"`
	Cwd          string     `json:"cwd"`
	UID          uint32     `json:"uid"`
	GID          uint32     `json:"gid"`
	Groups       []uint32   `json:"groups"`
	Umask        string     `json:"umask"`
	OOMScore     *int32     `json:"oom_score_adj,omitempty"`
	Rlimits      []row      `json:"rlimits"`
	Root         string     `json:"root"` // a path of the host, or "assembled"
	RootWritable bool       `json:"root_writable"`
	Symlinks     []row      `json:"symlinks"`
	New          []string   `json:"namespaces_new"`
	Shared       []string   `json:"namespaces_shared"`
	Hostname     string     `json:"hostname,omitempty"`
	Mounts       []mountRow `json:"mounts"`
	Masked       []row      `json:"masked"`
	Readonly     []row      `json:"readonly"`
	Keep         string     `json:"capabilities_keep"`
	Ambient      string     `json:"capabilities_ambient"`
	Filters      []row      `json:"filters"`
	Labels       []row      `json:"labels"`
	Cgroup       []row      `json:"cgroup"`
	Signals      []row      `json:"signals_forward"`
	Scope        string     `json:"signals_scope"`
	Inputs       []row      `json:"inputs"`
}

// row is a name, its value and where the policy says so.
type row struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
	At    string `json:"at,omitempty"`
}

// mountRow is one mount.
type mountRow struct {
	Target string `json:"target"`
	Kind   string `json:"kind"`
	Source string `json:"source,omitempty"`
	Flags  string `json:"flags"`
	Bounds string `json:"bounds,omitempty"`
	At     string `json:"at"`
}

// newView puts a sealed policy into words.
func newView(f *sealed.File) *view {
	p := f.Policy
	v := &view{
		Service: p.Service, Digest: fmt.Sprintf("sha256:%x", f.Digest),
		Argv: p.Exec.Argv, Env: p.Exec.Env, Cwd: p.Exec.Cwd, UID: p.Exec.UID, GID: p.Exec.GID, Groups: p.Exec.Groups,
		Umask: fmt.Sprintf("%04o", p.Exec.Umask), Root: "assembled", RootWritable: p.Root.Writable,
		Hostname: p.Namespaces.Hostname, Keep: capText(p.Caps.Keep), Ambient: capText(p.Caps.Ambient),
		Scope: [...]string{"main", "group"}[p.Signals.Scope],
	}
	if f.Signed {
		v.KeyID = fmt.Sprintf("%x", f.KeyID)
	}
	if p.Exec.SetOOM {
		v.OOMScore = &p.Exec.OOMScore
	}
	if p.Root.Path != "" {
		v.Root = p.Root.Path
	}
	v.namespaces(p)
	v.rows(p)
	for i := range p.Mounts {
		v.Mounts = append(v.Mounts, newMountRow(&p.Mounts[i]))
	}
	return v
}

func capText(mask uint64) string {
	if mask == 0 {
		return "none"
	}
	return caps.Text(mask)
}

func (v *view) namespaces(p *sealed.Policy) {
	for _, n := range []struct {
		name string
		flag uint64
	}{
		{"cgroup", unix.CLONE_NEWCGROUP}, {"ipc", unix.CLONE_NEWIPC}, {"mount", unix.CLONE_NEWNS},
		{"net", unix.CLONE_NEWNET}, {"pid", unix.CLONE_NEWPID}, {"uts", unix.CLONE_NEWUTS},
	} {
		if p.Namespaces.New&n.flag != 0 {
			v.New = append(v.New, n.name)
		} else {
			v.Shared = append(v.Shared, n.name)
		}
	}
}

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
		v.Filters = append(v.Filters, row{archName(f.Arch), fmt.Sprintf("%d instructions", len(f.Program)/8), ""})
	}
	for _, l := range []struct {
		name  string
		label sealed.Label
	}{{"apparmor", p.LSM.AppArmor}, {"selinux", p.LSM.SELinux}} {
		if l.label.Text != "" {
			v.Labels = append(v.Labels, row{l.name, l.label.Text + map[bool]string{true: " (required)", false: " (preferred)"}[l.label.Require], l.label.At})
		}
	}
	for _, l := range p.Limits {
		v.Cgroup = append(v.Cgroup, row{l.File, l.Value, l.At})
	}
	for _, s := range p.Signals.Forward {
		v.Signals = append(v.Signals, row{signalName(s.From), signalName(s.To), ""})
	}
	for _, in := range p.Inputs {
		v.Inputs = append(v.Inputs, row{in.Kind + " " + in.Name, fmt.Sprintf("%x", in.Digest), ""})
	}
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

func signalName(n uint8) string {
	switch name := unix.SignalName(unix.Signal(n)); {
	case n == 0:
		return "drop"
	case name != "":
		return strings.TrimPrefix(name, "SIG")
	}
	return fmt.Sprint(n)
}
