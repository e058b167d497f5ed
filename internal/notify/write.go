package notify

import (
	"strconv"
	"unicode"
	"unicode/utf8"
)

// MaxStatus is the longest status that is passed on, in bytes as written.
const MaxStatus = 256

// MaxText is the longest text that Append writes.
const MaxText = MaxStatus + 256

// Append writes what the manager may hear of a message: nothing, or lines of KEY=VALUE in
// one order, the last without a line end.
func (m *Message) Append(b []byte) []byte {
	start := len(b)
	line := func(text string) { b = append(begin(b, start), text...) }
	value := func(text string, v uint64) { b = strconv.AppendUint(append(begin(b, start), text...), v, 10) }
	if m.Ready {
		line("READY=1")
	}
	if m.Reloading {
		line("RELOADING=1")
	}
	if m.Reloading && m.HasMonotonic {
		value("MONOTONIC_USEC=", m.Monotonic)
	}
	if m.Stopping {
		line("STOPPING=1")
	}
	if m.HasStatus {
		line("STATUS=")
		b = appendStatus(b, m.Status)
	}
	if m.HasErrno {
		value("ERRNO=", uint64(m.Errno))
	}
	if m.HasExtend {
		value("EXTEND_TIMEOUT_USEC=", m.Extend)
	}
	if m.Watchdog {
		line("WATCHDOG=1")
	}
	if m.Trigger {
		line("WATCHDOG=trigger")
	}
	return b
}

func begin(b []byte, start int) []byte {
	if len(b) > start {
		b = append(b, '\n')
	}
	return b
}

// appendStatus writes what can be printed, and the bytes of the rest as \x07: a status
// is shown on root's terminal and stands in logs. One that is too long ends in dots.
func appendStatus(b, status []byte) []byte {
	const dots = "..."
	start := len(b)
	for len(status) > 0 {
		r, n := utf8.DecodeRune(status)
		size := n
		plain := r != utf8.RuneError && unicode.IsPrint(r) && r != '\\'
		if !plain {
			size = 4 * n
		}
		if rest := MaxStatus - (len(b) - start); size > rest || size > rest-len(dots) && len(status) > n {
			return append(b, dots...)
		}
		if plain {
			b = append(b, status[:n]...)
		} else {
			for _, c := range status[:n] {
				const digits = "0123456789abcdef"
				b = append(b, '\\', 'x', digits[c>>4], digits[c&15])
			}
		}
		status = status[n:]
	}
	return b
}
