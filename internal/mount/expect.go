package mount

import (
	"strings"

	"casemate/internal/facts"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// Point is one mount that a finished tree must have, for verification.
type Point struct {
	Path  string
	Flags string // those of "ro,nosuid,nodev,noexec,idmapped" that it must have; the host's may add to them
	Below bool   // a recursive bind: mounts of the host's may lie below
	Copy  bool   // a read-only copy of what is there

	// Copies is how many read-only copies of what lies around it have taken this mount
	// along: each shows once more, under the copy that covers it.
	Copies int
}

// Expected lists every mount of a finished tree. There must be no other.
func Expected(p *sealed.Policy, f *facts.Facts) []Point {
	points := []Point{{Path: "/", Flags: flagText(rootAttributes(p) | idMapped(p.Root.IDMap))}}
	for i := range p.Mounts {
		m := &p.Mounts[i]
		attrs := attributes(m) | idMapped(m.IDMap)
		if m.Kind == sealed.Proc || m.Kind == sealed.Mqueue {
			attrs &^= unix.MOUNT_ATTR_RDONLY
		}
		points = append(points, Point{Path: m.Target, Flags: flagText(attrs), Below: m.Recursive})
		if m.Kind == sealed.Dev {
			points = append(points, Point{Path: m.Target + "/pts", Flags: flagText(unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NOEXEC)})
		}
	}
	for _, m := range Present(p, f, p.Masks) {
		points = append(points, Point{Path: m.Path, Flags: flagText(maskAttrs | unix.MOUNT_ATTR_RDONLY)})
	}
	for _, r := range frozen(p, f) {
		for i := range points {
			if strings.HasPrefix(points[i].Path, r.Path+"/") {
				points[i].Copies++
			}
		}
		points = append(points, Point{Path: r.Path, Flags: flagText(unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID), Copy: true})
	}
	return points
}

// idMapped is an attribute that the parent has set on its copy, Linux 5.12.
func idMapped(is bool) uint64 {
	if is {
		return unix.MOUNT_ATTR_IDMAP
	}
	return 0
}

func rootAttributes(p *sealed.Policy) uint64 {
	set := uint64(unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV)
	if p.Root.Assembled() {
		set |= unix.MOUNT_ATTR_NOEXEC
	}
	if !p.Root.Writable {
		set |= unix.MOUNT_ATTR_RDONLY
	}
	return set
}

// flagText prints attributes as /proc/PID/mountinfo does.
func flagText(set uint64) string {
	var words []string
	for _, f := range []struct {
		bit  uint64
		word string
	}{{unix.MOUNT_ATTR_RDONLY, "ro"}, {unix.MOUNT_ATTR_NOSUID, "nosuid"}, {unix.MOUNT_ATTR_NODEV, "nodev"}, {unix.MOUNT_ATTR_NOEXEC, "noexec"}, {unix.MOUNT_ATTR_IDMAP, "idmapped"}, {unix.MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow"}} {
		if set&f.bit != 0 {
			words = append(words, f.word)
		}
	}
	return strings.Join(words, ",")
}
