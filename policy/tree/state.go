package tree

import (
	"strings"

	"casemate/internal/sealed"
)

// Access is how much a workload can do at a path, least first.
type Access uint8

// The accesses. Masked is above Absent: the name betrays that something is there.
const (
	Absent Access = iota
	Masked
	ReadOnly
	Writable
)

func (a Access) String() string {
	return [...]string{"absent", "masked", "read-only", "writable"}[a]
}

// State is what stands at a path.
type State struct {
	Access Access
	Origin string // "host:/usr/lib", "tmpfs", "proc", …; "" where Absent

	Exec, Devices bool // in the terms of mount(8): not noexec, not nodev
	NoFollow      bool // nosymfollow
	Recursive     bool // what the host has mounted below is there too
	Mapped        bool // what belongs to an id on disk belongs to the same id inside
	Covered       bool // where the host has mounted something here, what lies under that is shown

	Mount  *sealed.Mount   // the mount it lies in; nil: the root
	Device *sealed.Device  // the node that the policy has made there
	Mask   *sealed.Path    // what hides it
	Frozen *sealed.Path    // what makes it read-only
	Link   *sealed.Symlink // it is at or below this link of the root; nothing else is known of it
	Leads  bool            // Absent, but for an empty directory of the root on the way to mounts
}

// Decided is where the policy says so, as the sealed policy has it.
func (s State) Decided(p *sealed.Policy) string {
	switch {
	case s.Mask != nil:
		return s.Mask.At
	case s.Frozen != nil && (s.Mount == nil || s.Mount.Writable):
		return s.Frozen.At
	case s.Link != nil:
		return s.Link.At
	case s.Device != nil:
		return s.Device.At
	case s.Mount != nil:
		return s.Mount.At
	}
	return p.Root.At
}

// String words the state as mount(8) would.
func (s State) String() string {
	switch s.Access {
	case Absent:
		return "absent"
	case Masked:
		return "masked"
	}
	words := []string{s.Origin, map[Access]string{ReadOnly: "ro", Writable: "rw"}[s.Access]}
	for _, f := range []struct {
		on   bool
		word string
	}{{s.Exec, "exec"}, {s.Devices, "dev"}, {s.NoFollow, "nosymfollow"}, {s.Recursive, "recursive"}, {s.Mapped, "idmap"}, {s.pidOnly(), "pids"}} {
		if f.on {
			words = append(words, f.word)
		}
	}
	return words[0] + " (" + strings.Join(words[1:], ",") + ")"
}

// pidOnly: a procfs without the kernel's own files.
func (s State) pidOnly() bool { return s.Mount != nil && s.Mount.PIDOnly }
