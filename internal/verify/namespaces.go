package verify

import (
	"slices"
	"strings"

	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// namespaces compares each namespace with the shim's own: another one where the
// policy wants a new one, the same where it shares. One that was there before init must be
// that very one.
func (r *reader) namespaces(t Target) {
	for _, n := range namespaces {
		if !slices.Contains(t.Facts.Namespaces, n.name) {
			continue // not of this kernel; a policy that wants it new is not launched
		}
		theirs, err := r.proc.link("ns/" + n.name)
		r.fail("namespace "+n.name, err)
		if want := t.Entered[n.name]; want != "" {
			r.add("namespace", n.name, want, theirs)
			continue
		}
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

// mapped compares the maps of a user namespace and the offsets of a time namespace. The
// kernel shows them in the terms of who reads: the shim's ids, as the policy has them.
func (r *reader) mapped(t Target) {
	n := &t.Policy.Namespaces
	if n.New&unix.CLONE_NEWUSER != 0 {
		r.add("map", "uid", sealed.MapText(n.UIDs), r.numbers("uid_map"))
		r.add("map", "gid", sealed.MapText(n.GIDs), r.numbers("gid_map"))
	}
	if n.New&unix.CLONE_NEWTIME != 0 {
		r.add("clocks", "", n.Clocks.Text(), r.numbers("timens_offsets"))
	}
}

// numbers reads a file of lines of numbers, which the kernel pads with blanks.
func (r *reader) numbers(file string) string {
	b, err := r.proc.read(file)
	r.fail(file, err)
	var text strings.Builder
	for line := range strings.Lines(string(b)) {
		text.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
	}
	return text.String()
}

// hostGroups are the supplementary groups as the host knows them.
func hostGroups(p *sealed.Policy) []uint32 {
	groups := make([]uint32, len(p.Exec.Groups))
	for i, g := range p.Exec.Groups {
		groups[i] = p.Namespaces.HostGID(g)
	}
	return groups
}

var namespaces = []struct {
	name string
	flag uint64
}{
	{"cgroup", unix.CLONE_NEWCGROUP}, {"ipc", unix.CLONE_NEWIPC}, {"mnt", unix.CLONE_NEWNS}, {"net", unix.CLONE_NEWNET},
	{"pid", unix.CLONE_NEWPID}, {"time", unix.CLONE_NEWTIME}, {"user", unix.CLONE_NEWUSER}, {"uts", unix.CLONE_NEWUTS},
}
