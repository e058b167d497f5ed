// Package verify reads back from the kernel what a launch has really set up and
// compares it with the policy. It runs while init waits at the gate, so that nothing
// of the workload has run when a difference is found.
//
// What cannot be read counts as a difference: silence is what let the label-loss
// bugs of other launchers pass (CVE-2019-16884, CVE-2025-52881). The package only
// looks; it imports sealed, facts, mount (for what the tree should
// be) and x/sys/unix.
package verify

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"casemate/apparmor"
	"casemate/internal/facts"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// Check is one comparison.
type Check struct {
	Name string `json:"name"`
	Want string `json:"want"`
	Got  string `json:"got"`
}

// OK tells whether the kernel says what the policy wants.
func (c Check) OK() bool { return c.Want == c.Got }

// Target is the process at the gate and what it should be.
type Target struct {
	PID    int
	Proc   int // root of a procfs of the shim's PID namespace that is attached nowhere; see openProc
	Policy *sealed.Policy
	Facts  *facts.Facts
	Cgroup string // path below the root of the hierarchy

	Descriptors []Descriptor // all that init must have open
}

// Run makes every comparison. The error is for what could not be read at all.
func Run(t Target) ([]Check, error) {
	p, err := openProc(t.Proc, t.PID)
	if err != nil {
		return nil, err
	}
	defer p.close()
	own, err := openProc(t.Proc, unix.Getpid())
	if err != nil {
		return nil, err
	}
	defer own.close()
	r := &reader{proc: p, own: own, checks: make([]Check, 0, usualChecks)}
	r.status(t)
	r.namespaces(t)
	r.cgroup(t)
	r.mounts(t)
	r.labels(t)
	r.descriptors(t)
	r.terminal(t)
	return r.checks, r.err
}

// usualChecks is room for those of a usual launch.
const usualChecks = 96

// reader collects checks; the first error of reading sticks.
type reader struct {
	proc, own *proc
	checks    []Check
	err       error
}

func (r *reader) add(name, want, got string) { r.checks = append(r.checks, Check{name, want, got}) }

func (r *reader) fail(what string, err error) {
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("read %s of init: %w", what, err)
	}
}

// status compares ids, capability sets, no_new_privs and seccomp.
func (r *reader) status(t Target) {
	b, err := r.proc.read("status")
	r.fail("status", err)
	e, c := &t.Policy.Exec, &t.Policy.Caps
	known := ^uint64(0) >> (63 - uint(t.Facts.CapLast))
	for _, f := range []struct{ name, want string }{
		{"Uid", four(e.UID)}, {"Gid", four(e.GID)}, {"Groups", list(e.Groups)},
		{"CapInh", mask(c.Ambient)}, {"CapPrm", mask(c.Ambient)}, {"CapEff", mask(c.Ambient)},
		{"CapBnd", mask(c.Keep & known)}, {"CapAmb", mask(c.Ambient)},
		{"NoNewPrivs", "1"}, {"Seccomp", "2"}, {"Seccomp_filters", r.filters()},
	} {
		got, ok := facts.Field(b, f.name)
		if !ok {
			got = "(not in /proc/PID/status)"
		}
		r.add(f.name, f.want, got)
	}
}

// namespaces compares each namespace with the shim's own: another one where the
// policy wants a new one, the same where it shares.
func (r *reader) namespaces(t Target) {
	for _, n := range kinds {
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
		r.add("namespace "+n.name, want, got)
	}
}

var kinds = []struct {
	name string
	flag uint64
}{
	{"cgroup", unix.CLONE_NEWCGROUP}, {"ipc", unix.CLONE_NEWIPC}, {"mnt", unix.CLONE_NEWNS},
	{"net", unix.CLONE_NEWNET}, {"pid", unix.CLONE_NEWPID}, {"uts", unix.CLONE_NEWUTS},
}

// cgroup compares the version 2 line of /proc/PID/cgroup.
func (r *reader) cgroup(t Target) {
	b, err := r.proc.read("cgroup")
	r.fail("cgroup", err)
	got := "(none)"
	for line := range strings.Lines(string(b)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			got = path
		}
	}
	r.add("cgroup", t.Cgroup, got)
}

// labels compares the security context, once for each module that the policy names
// and the host has. AppArmor adds the mode; only enforce confines.
func (r *reader) labels(t Target) {
	if l := t.Policy.LSM.AppArmor; l.Text != "" && apparmor.Lack(l.Text, len(t.Policy.LSM.Profile.Binaries) > 0, t.Facts.AppArmor) == "" {
		r.label("apparmor", "attr/apparmor/current", apparmor.Expected(l.Text, t.Facts.AppArmor))
	}
	if l := t.Policy.LSM.SELinux; l.Text != "" && t.Facts.SELinux.Enabled {
		r.label("selinux", "attr/current", l.Text)
	}
}

func (r *reader) label(name, file, want string) {
	b, err := r.proc.read(file)
	r.fail(file, err)
	r.add(name, want, strings.TrimRight(string(b), "\n\x00"))
}

// Differences lists the checks that failed, in words.
func Differences(checks []Check) []string {
	var out []string
	for _, c := range checks {
		if !c.OK() {
			out = append(out, fmt.Sprintf("%s: the policy wants %q, the kernel says %q", c.Name, c.Want, c.Got))
		}
	}
	return out
}

func mask(v uint64) string { return fmt.Sprintf("%016x", v) }

func four(id uint32) string { return fmt.Sprintf("%d\t%d\t%d\t%d", id, id, id, id) }

func list(ids []uint32) string {
	s := slices.Clone(ids)
	slices.Sort(s)
	return strings.Trim(fmt.Sprint(s), "[]")
}

// filters is the number that init must have: those on the shim itself, which it
// inherits, and one more. A shim without seccomp has none (PR_GET_SECCOMP, prctl(2)).
func (r *reader) filters() string {
	if mode, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0); err == nil && mode == 0 {
		return "1"
	}
	b, err := r.own.read("status")
	r.fail("status", err)
	text, _ := facts.Field(b, "Seccomp_filters")
	n, err := strconv.Atoi(text)
	r.fail("Seccomp_filters", err)
	return strconv.Itoa(n + 1)
}
