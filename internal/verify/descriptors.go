package verify

import (
	"slices"
	"strconv"
	"strings"

	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// Descriptor is one that init must have at the gate, besides 0 to 2.
type Descriptor struct {
	Number int
	Leads  string // what /proc/PID/fd/N must say, "socket:[123]"; "" for anything
}

// descriptors compares what init has open: these, and no other. One of the host's would
// be a way out (CVE-2024-21626), and the workload could get it. Descriptors 0 to 2 are the
// shim's own, but where that is the host's null device and the container has one itself.
func (r *reader) descriptors(t Target) {
	open, err := r.proc.numbers("fd")
	r.fail("fd", err)
	want := []int{0, 1, 2}
	for _, d := range t.Descriptors {
		want = append(want, d.Number)
	}
	r.add("descriptors", "", numbers(want), numbers(open))
	null := r.null(t)
	for fd := range 3 {
		at, err := identify(r.proc.dir, "fd/"+strconv.Itoa(fd))
		r.fail("fd", err)
		own, err := Identify(fd)
		r.fail("fd", err)
		if slices.Contains(t.Facts.Null, fd) && null != (Identity{}) {
			own = null
		}
		r.add("descriptor", strconv.Itoa(fd), own.String(), at.String())
	}
	for _, d := range t.Descriptors {
		if d.Leads != "" && slices.Contains(open, d.Number) {
			got, err := r.proc.link("fd/" + strconv.Itoa(d.Number))
			r.fail("fd", err)
			r.add("descriptor", strconv.Itoa(d.Number), d.Leads, got)
		}
	}
}

// null is the container's own null device; none where the policy mounts no /dev.
func (r *reader) null(t Target) Identity {
	dev := slices.IndexFunc(t.Policy.Mounts, func(m sealed.Mount) bool { return m.Kind == sealed.Dev })
	if dev < 0 {
		return Identity{}
	}
	tree := r.open()
	defer tree.close()
	return tree.at(t.Policy.Mounts[dev].Target + "/null").Identity
}

func numbers(list []int) string {
	slices.Sort(list)
	var b strings.Builder
	for i, n := range list {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// numbers lists the names of a directory that are numbers.
func (p *proc) numbers(name string) ([]int, error) {
	fd, err := unix.Openat2(p.dir, name, &unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_XDEV | unix.RESOLVE_NO_SYMLINKS,
	})
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	var buf [4096]byte
	var list []int
	for {
		n, err := unix.ReadDirent(fd, buf[:])
		if err != nil || n == 0 {
			return list, err
		}
		_, _, names := unix.ParseDirent(buf[:n], -1, nil)
		for _, name := range names {
			if k, err := strconv.Atoi(name); err == nil {
				list = append(list, k)
			}
		}
	}
}

// Link is what a descriptor of a process of the procfs at mnt leads to.
func Link(mnt, pid, fd int) (string, error) {
	p, err := openProc(mnt, pid)
	if err != nil {
		return "", err
	}
	defer p.close()
	return p.link("fd/" + strconv.Itoa(fd))
}
