package sealed

import "strconv"

// String is the line of the map.
func (r IDRange) String() string { return string(r.appendTo(nil)) }

func (r IDRange) appendTo(b []byte) []byte {
	b = append(strconv.AppendUint(b, uint64(r.Inside), 10), ' ')
	b = append(strconv.AppendUint(b, uint64(r.Outside), 10), ' ')
	return strconv.AppendUint(b, uint64(r.Count), 10)
}

// MapText is a map as it is written to uid_map or gid_map, a line for each range.
func MapText(m []IDRange) string {
	var b []byte
	for _, r := range m {
		b = append(r.appendTo(b), '\n')
	}
	return string(b)
}

// Outside is the host's id of an inside id; false where the map does not have it.
// Without a map the ids are the same.
func Outside(m []IDRange, id uint32) (uint32, bool) {
	for _, r := range m {
		if id >= r.Inside && id-r.Inside < r.Count {
			return r.Outside + (id - r.Inside), true
		}
	}
	return id, len(m) == 0
}

// HostUID is the host's id of a user id of the policy, which Validate has found in the map.
func (n *Namespaces) HostUID(id uint32) uint32 { uid, _ := Outside(n.UIDs, id); return uid }

// HostGID is the host's id of a group id of the policy.
func (n *Namespaces) HostGID(id uint32) uint32 { gid, _ := Outside(n.GIDs, id); return gid }

// HasOutside says whether a map reaches an id of the host.
func HasOutside(m []IDRange, id uint32) bool {
	for _, r := range m {
		if id >= r.Outside && id-r.Outside < r.Count {
			return true
		}
	}
	return false
}

// Text is what is written to timens_offsets, time_namespaces(7).
func (c Clocks) Text() string {
	return "monotonic " + offsetText(c.Monotonic) + "\nboottime " + offsetText(c.Boottime) + "\n"
}

// offsetText is an offset in seconds and nanoseconds, of which the latter are never negative.
func offsetText(ns int64) string {
	const second = 1e9
	s, rest := ns/second, ns%second
	if rest < 0 {
		s, rest = s-1, rest+second
	}
	return strconv.FormatInt(s, 10) + " " + strconv.FormatInt(rest, 10)
}
