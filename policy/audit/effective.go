package audit

import (
	"fmt"
	"slices"

	"casemate/internal/sealed"
	"casemate/policy/filter"

	"golang.org/x/sys/unix"
)

// Effective is what a policy grants, in short.
type Effective struct {
	UID          uint32         `json:"uid"`
	GID          uint32         `json:"gid"`
	Capabilities []string       `json:"capabilities"` // held
	Shared       []string       `json:"shared_namespaces"`
	Writable     []string       `json:"writable"`   // "TARGET (SOURCE)", "TARGET (tmpfs)"
	Executable   []string       `json:"executable"` // mounts
	Labels       []string       `json:"labels"`
	Limits       []string       `json:"limits"`
	Calls        map[string]int `json:"allowed_calls"` // by architecture, conditions counted as allowed
}

// effective sums a policy up.
func (v *view) effective() Effective {
	p := v.policy
	e := Effective{UID: p.Exec.UID, GID: p.Exec.GID, Calls: map[string]int{},
		Capabilities: capNames(p.Caps.Ambient), Shared: []string{}, Writable: []string{}, Executable: []string{}, Labels: []string{}, Limits: []string{}}
	for _, n := range []struct {
		flag uint64
		name string
	}{{unix.CLONE_NEWCGROUP, "cgroup"}, {unix.CLONE_NEWIPC, "ipc"}, {unix.CLONE_NEWNET, "net"}, {unix.CLONE_NEWUTS, "uts"}} {
		if v.shares(n.flag) {
			e.Shared = append(e.Shared, n.name)
		}
	}
	e.mounts(p)
	for _, l := range []string{p.LSM.AppArmor.Text, p.LSM.SELinux.Text} {
		if l != "" {
			e.Labels = append(e.Labels, l)
		}
	}
	for _, l := range p.Limits {
		e.Limits = append(e.Limits, l.File+" "+l.Value)
	}
	for _, p := range v.programs {
		for _, nr := range filter.Numbers(p.arch) {
			if slices.ContainsFunc(p.of[uint32(nr)], func(i int) bool { return permits(p.areas[i].verdict) }) {
				e.Calls[string(p.arch)]++
			}
		}
	}
	return e
}

// mounts lists what can be written and executed, but for the kernel's file systems.
func (e *Effective) mounts(p *sealed.Policy) {
	if p.Root.Writable {
		e.Writable = append(e.Writable, fmt.Sprintf("/ (%s)", orWord(p.Root.Path, "tmpfs")))
	}
	if !p.Root.Assembled() {
		e.Executable = append(e.Executable, "/")
	}
	for _, m := range p.Mounts {
		if m.Writable && (m.Kind == sealed.Bind || m.Kind == sealed.Tmpfs) {
			e.Writable = append(e.Writable, fmt.Sprintf("%s (%s)", m.Target, orWord(m.Source, "tmpfs")))
		}
		if m.Exec {
			e.Executable = append(e.Executable, m.Target)
		}
	}
}

func orWord(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
