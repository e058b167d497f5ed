// Package hold puts internal/inherit at the start of a program that links it, as hook does, and
// does two things more, from a few microseconds after execve(2).
//
// It holds every signal back. Before the Go runtime has handlers one would end the program, and
// after that be dropped, as the runtime does with one that nobody has asked for. Held back it
// waits for whoever asks, by signalfd(2), or for Release. The runtime takes the mask that it
// finds for that of all its threads, and opens it for CHLD, PROF, 32 to 34, and for those that
// by its own rules end a program: faults, HUP, INT, TERM, QUIT and ABRT. They do so until their
// handlers are replaced, and are not lost.
//
// And it tells the runtime, and nobody else can, to make no garbage collection below 16 MiB.
// It would make one every two minutes, for years, of a heap that does not grow; it wants threads
// for it, and one that cannot be made, since pids.max is reached, ends a Go program; and the
// first makes books of 0.2 MiB. What the environment says of debugging and of the text of a
// panic is not heard either.
//
// What the program starts by package os/exec, in a test, inherits the mask.
//
// It imports internal/inherit and internal/sys, and is for the shim.
package hold

import (
	"casemate/internal/inherit"
	"casemate/internal/sys"
)

const sigSetmask = sys.SIG_SETMASK // for the assembly

// before is the mask that the program was started with, and all what it has instead.
var (
	before uint64
	all    = ^uint64(0)
)

// What start puts behind the first of inherit.Settings.
var (
	collect   = [...]byte{'G', 'O', 'G', 'C', '=', 'o', 'f', 'f', 0}
	limit     = [...]byte{'G', 'O', 'M', 'E', 'M', 'L', 'I', 'M', 'I', 'T', '=', '1', '6', 'M', 'i', 'B', 0}
	debug     = [...]byte{'G', 'O', 'D', 'E', 'B', 'U', 'G', '=', 0}
	traceback = [...]byte{'G', 'O', 'T', 'R', 'A', 'C', 'E', 'B', 'A', 'C', 'K', '=', 0}
)

// Limit is the limit of memory in bytes.
const Limit = 16 << 20

// Set tells whether the runtime was told so: not where the environment has some thousand
// variables.
func Set() bool { return inherit.Set() }

// Release gives the calling thread, which must be the main thread, the mask that the program was
// started with. What has been held back arrives.
func Release() error { return sys.RtSigprocmask(sys.Sigset(before)) }

// start is called by runtime.rt0_go, by the C convention.
func start()
