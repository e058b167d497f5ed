package main

import "casemate/internal/sys"

// line holds a message while it is put together, so that nothing is allocated. It is PIPE_BUF
// bytes: a pipe that has room at all has room for it.
var line [4 << 10]byte

// sayLimit is how long a message waits for a standard error that nobody reads.
const sayLimit = 200e6

// say writes one line to standard error. Control characters, in a file name say, are
// shown as question marks, so that a line stays one line.
func say(parts ...string) {
	n := copy(line[:], "casemate-init: ")
	for _, part := range parts {
		n = put(n, part)
	}
	flush(n)
}

// put writes a part of a message behind the first n bytes of line.
func put(n int, part string) int {
	for i := 0; i < len(part) && n < len(line)-1; i++ {
		line[n] = part[i]
		if part[i] < ' ' || part[i] == 0x7f {
			line[n] = '?'
		}
		n++
	}
	return n
}

// flush writes the line out.
func flush(n int) {
	line[n] = '\n'
	// Standard error may be closed or full; there is nobody else to tell. But for -v, nobody of
	// the workload writes there when init has something to say: it has not started, or was killed.
	if sys.Writable(2, sayLimit) {
		sys.Write(2, line[:n+1])
	}
}
