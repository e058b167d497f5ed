package main

import "casemate/internal/sys"

// line holds a message while it is put together: a path of the longest kind fits, and
// nothing is allocated.
var line [8 << 10]byte

// say writes one line to standard error. What is not printable ASCII in it, from a file name
// say, is shown as a question mark, so that a line stays one line.
func say(parts ...string) {
	n := copy(line[:], "casemate-init: ")
	for _, part := range parts {
		for i := 0; i < len(part) && n < len(line)-1; i++ {
			c := part[i]
			if c < ' ' || c == 0x7f {
				c = '?'
			}
			line[n] = c
			n++
		}
	}
	line[n] = '\n'
	// Standard error may be closed or full; there is nobody else to tell.
	sys.Write(2, line[:n+1])
}

// die says why and exits.
func die(code int, parts ...string) {
	say(parts...)
	sys.Exit(code)
}
