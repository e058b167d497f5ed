package main

import "casemate/internal/sys"

// line holds a message while it is put together: it fits the longest path, and nothing
// is allocated.
var line [8 << 10]byte

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
	// Standard error may be closed or full; there is nobody else to tell.
	sys.Write(2, line[:n+1])
}
