// Package inherit remembers the signals that the process was started with: execve(2)
// leaves those ignored that were ignored, and those blocked that were blocked (signal(7)).
// nohup(1) is built on it, and what an init starts is to get them as they came.
//
// The Go runtime installs its handlers and opens its mask before any code of ours runs,
// and keeps what it has found to itself. But the very first it does, on a bare stack, is to
// call what _cgo_init points to, for the start of a C library. In a program with cgo that
// is runtime/cgo's; here it is capture, in assembly, put there by the package hook or, with
// one thing more, hold below this one. Whoever links one of them into a program with cgo is
// told by the linker of a duplicate symbol. A test compares what a child
// gets with what init was given, signal by signal: a release of Go that changes the start
// does not go unnoticed.
//
// On amd64 the runtime leaves the thread pointer of the first thread to _cgo_init, so
// capture sets that too (ARCH_SET_FS, arch_prctl(2)).
//
// capture also makes the program start with one processor: it puts GOMAXPROCS=1, the first of
// Settings, before the environment that the runtime is about to read. For each processor of the
// machine the runtime else makes its own books, some 12 KiB, and a thread or two on the way to
// main, with 100 KiB between them; to give them up afterwards gives nothing back. There is no
// other way to say so from within: the variable is what the runtime reads.
//
// It imports nothing.
package inherit

// What was ignored and what was blocked at the start: bit n-1 stands for signal n.
var Ignored, Blocked uint64

// tls is what Go keeps in the thread's own memory, one word: the current g. The thread
// pointer points behind it.
var tls [2]uint64

// vectors are argv, the environment and the auxiliary vector as the runtime gets them, the
// kernel's with Settings in between; where they do not fit the runtime gets the kernel's.
var vectors [room]uintptr

const room = 1024

var processors = [...]byte{'G', 'O', 'M', 'A', 'X', 'P', 'R', 'O', 'C', 'S', '=', '1', 0}

// Settings are variables that come before the environment, where the first of a name counts: C
// strings, up to a nil. More than the first are for hold to say.
var Settings = [8]*byte{&processors[0]}

// added is how many of them there are; 0 where they did not fit.
var added uint32

// Set tells whether the runtime has read the settings.
func Set() bool { return added != 0 }

// Own gives back the environment as the process was started with it, of what the runtime has.
func Own(environ []string) []string { return environ[added:] }

// Environment is the vector of that environment as execve(2) takes it, with its NULL; nil where
// it did not fit.
func Environment() []uintptr {
	if added == 0 {
		return nil
	}
	at := 0
	for vectors[at] != 0 { // argv
		at++
	}
	first := at + 1 + int(added)
	for at = first; vectors[at] != 0; {
		at++
	}
	return vectors[first : at+1]
}

// capture is called by runtime.rt0_go, by the C convention.
func capture()
