// Package notify reads what a workload says to the service manager, sd_notify(3), and
// writes the part of it that the manager may hear. The workload is hostile and the
// manager runs as root for the whole host: nothing that came in goes out as it was, but
// what is understood is written anew.
//
// It is pure and imports the standard library only. Nothing here allocates: a service that
// answers its watchdog does so for years.
package notify

import "unicode/utf8"

// MaxSize is the longest message, systemd's NOTIFY_BUFFER_MAX.
const MaxSize = 4096

// Message is one datagram, as far as it is understood.
type Message struct {
	Ready, Reloading, Stopping bool
	Watchdog, Trigger          bool // WATCHDOG=1, WATCHDOG=trigger
	Barrier                    bool // alone in its message
	HasStatus                  bool
	Status                     []byte // raw, part of the datagram
	Monotonic, Extend          uint64 // MONOTONIC_USEC, EXTEND_TIMEOUT_USEC
	HasMonotonic, HasExtend    bool
	Errno                      uint16
	HasErrno                   bool
	Dropped                    Drops // what was there and is never passed on
}

// MaxExtend bounds EXTEND_TIMEOUT_USEC: an hour at a time.
const MaxExtend = 3600 * 1_000_000

// maxErrno is MAX_ERRNO of include/linux/err.h.
const maxErrno = 4095

// Parse understands a datagram: lines of KEY=VALUE. False is for what is no message at all: it
// is too long, holds a NUL, is not UTF-8, has a key twice, or BARRIER beside anything else.
func Parse(b []byte) (m Message, ok bool) {
	if len(b) == 0 || len(b) > MaxSize || !utf8.Valid(b) {
		return m, false
	}
	seen, lines := uint32(0), 0
	for len(b) > 0 {
		var line []byte
		if line, b = cut(b, '\n'); len(line) == 0 {
			continue
		}
		for _, c := range line {
			if c == 0 {
				return m, false
			}
		}
		key, value := cutKey(line)
		n := keyOf(key)
		if n != other && seen>>n&1 != 0 {
			return m, false
		}
		seen |= 1 << n
		lines++
		if !m.set(n, value) {
			m.Dropped |= 1 << n
		}
	}
	if m.HasMonotonic && !m.Reloading { // it says when a reload began
		m.HasMonotonic, m.Dropped = false, m.Dropped|1<<monotonic
	}
	return m, lines > 0 && (!m.Barrier || lines == 1)
}

// set takes one line; false when it is not passed on.
func (m *Message) set(n key, value []byte) (ok bool) {
	one := string(value) == "1"
	switch n {
	case ready:
		m.Ready = one
	case reloading:
		m.Reloading = one
	case stopping:
		m.Stopping = one
	case barrier:
		m.Barrier = one
	case watchdog:
		m.Watchdog, m.Trigger = one, string(value) == "trigger"
		return m.Watchdog || m.Trigger
	case status:
		m.Status, m.HasStatus = value, true
		return true
	case monotonic:
		m.Monotonic, m.HasMonotonic = number(value, 1<<63)
		return m.HasMonotonic
	case extend:
		m.Extend, m.HasExtend = number(value, MaxExtend+1)
		return m.HasExtend
	case errno:
		v, good := number(value, maxErrno+1)
		m.Errno, m.HasErrno = uint16(v), good
		return good
	default:
		return false
	}
	return one
}

// number is a decimal number below a limit, in its one spelling.
func number(b []byte, limit uint64) (v uint64, ok bool) {
	if len(b) == 0 || len(b) > 19 || b[0] == '0' && len(b) > 1 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = 10*v + uint64(c-'0')
	}
	if v >= limit {
		return 0, false
	}
	return v, true
}

// cut splits b at the first c, which is left out.
func cut(b []byte, c byte) (before, after []byte) {
	for i := range b {
		if b[i] == c {
			return b[:i], b[i+1:]
		}
	}
	return b, nil
}

// cutKey splits a line at its equals sign; a line without one has no key.
func cutKey(line []byte) (name, value []byte) {
	for i := range line {
		if line[i] == '=' {
			return line[:i], line[i+1:]
		}
	}
	return nil, line
}
