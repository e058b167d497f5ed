package verify

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"casemate/internal/facts"
	"casemate/internal/process"

	"golang.org/x/sys/unix"
)

// status compares ids, capability sets, no_new_privs, seccomp and the umask of init, and
// that it is the first process of its PID namespace, which is one below ours.
func (r *reader) status(t Target) {
	b, err := r.proc.read("status")
	r.fail("status", err)
	e, c, n := &t.Policy.Exec, &t.Policy.Caps, &t.Policy.Namespaces // the ids are shown as the shim knows them
	known := ^uint64(0) >> (63 - uint(t.Facts.CapLast))
	for _, f := range []struct{ name, want string }{
		{"Uid", four(n.HostUID(e.UID))}, {"Gid", four(n.HostGID(e.GID))}, {"Groups", list(hostGroups(t.Policy))}, {"Umask", fmt.Sprintf("%04o", e.Umask)},
		{"CapInh", mask(c.Ambient)}, {"CapPrm", mask(c.Ambient)}, {"CapEff", mask(c.Ambient)},
		{"CapBnd", mask(c.Keep & known)}, {"CapAmb", mask(c.Ambient)},
		{"NoNewPrivs", "1"}, {"Seccomp", "2"}, {"Seccomp_filters", r.filters()},
	} {
		r.add(f.name, "", f.want, field(b, f.name))
	}
	want := "1"
	if t.Policy.Namespaces.New&unix.CLONE_NEWPID == 0 {
		want = strconv.Itoa(t.PID)
	}
	inside := field(b, "NSpid")
	r.add("pid inside", "", want, inside[strings.LastIndexByte(inside, '\t')+1:])
	r.traced = field(b, "TracerPid")
	for _, s := range process.Speculation(t.Policy, t.Facts) {
		r.add("speculation", s.Field, s.Want, field(b, s.Field))
	}
}

func field(status []byte, name string) string {
	got, ok := facts.Field(status, name)
	if !ok {
		return "(not in /proc/PID/status)"
	}
	return got
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
