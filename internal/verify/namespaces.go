package verify

import (
	"slices"

	"golang.org/x/sys/unix"
)

// namespaces compares each namespace with the shim's own: another one where the
// policy wants a new one, the same where it shares.
func (r *reader) namespaces(t Target) {
	for _, n := range namespaces {
		if !slices.Contains(t.Facts.Namespaces, n.name) {
			continue // not of this kernel; a policy that wants it new is not launched
		}
		theirs, err := r.proc.link("ns/" + n.name)
		r.fail("namespace "+n.name, err)
		ours, err := r.own.link("ns/" + n.name)
		r.fail("namespace "+n.name, err)
		want, got := "shared", "shared"
		if t.Policy.Namespaces.New&n.flag != 0 {
			want = "new"
		}
		if theirs != ours {
			got = "new"
		}
		r.add("namespace", n.name, want, got)
	}
}

var namespaces = []struct {
	name string
	flag uint64
}{
	{"cgroup", unix.CLONE_NEWCGROUP}, {"ipc", unix.CLONE_NEWIPC}, {"mnt", unix.CLONE_NEWNS}, {"net", unix.CLONE_NEWNET},
	{"pid", unix.CLONE_NEWPID}, {"time", unix.CLONE_NEWTIME}, {"user", unix.CLONE_NEWUSER}, {"uts", unix.CLONE_NEWUTS},
}
