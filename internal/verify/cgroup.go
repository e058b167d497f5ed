package verify

import (
	"fmt"
	"strings"
)

// cgroup compares the version 2 line of /proc/PID/cgroup, each control file that was
// written, as the kernel keeps it, and the device program.
func (r *reader) cgroup(t Target) {
	b, err := r.proc.read("cgroup")
	r.fail("cgroup", err)
	got := "(none)"
	for line := range strings.Lines(string(b)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			got = path
		}
	}
	r.add("cgroup", "", t.Group.Path(), got)
	for _, l := range written(t.Policy.Limits) {
		text, err := t.Group.Read(l.file)
		r.fail("cgroup's "+l.file, err)
		r.add("cgroup file", l.name(), l.kept(), l.found(text))
		if l.file == processors {
			r.effective(t, l)
		}
	}
	if len(t.Policy.Devices) != 0 {
		r.devices(t)
	}
}

// effective compares the processors that the group really has: where those of the policy are
// offline, or not the parent's, the kernel takes the parent's all.
func (r *reader) effective(t Target, l control) {
	const file = processors + ".effective"
	text, err := t.Group.Read(file)
	r.fail("cgroup's "+file, err)
	got, want := strings.TrimSpace(text), l.kept()
	if got != "" && ranges(l.values[0]+","+got) == want {
		want = got // some of the policy's: the receipt says which
	}
	r.add("cgroup file", file, want, got)
}

// devices compares by number: the program that was loaded is attached, and no other.
func (r *reader) devices(t Target) {
	attached, ours, err := t.Group.Devices()
	r.fail("device programs", err)
	got := fmt.Sprintf("%d programs", len(attached))
	switch {
	case len(attached) == 1 && attached[0] == ours && ours != 0:
		got = "the policy's"
	case len(attached) == 1:
		got = "another one"
	}
	r.add("device program", "", "the policy's", got)
}
