// Package nofile remembers the limit of open files that the process was started
// with. Package syscall raises the soft limit in every Go program (since Go 1.19, for
// files that Go itself opens), and what a Go program then starts gets a limit that
// nobody asked for: programs that select(2) break above 1024, and a policy's own
// limit would not hold.
//
// It must be initialised before package syscall. The language sees to that: packages
// without imports are initialised in the order of their paths (The Go Programming
// Language Specification, "Program initialization"), and casemate comes before
// syscall. It therefore imports nothing, and calls the kernel itself.
package nofile

// Limit is struct rlimit64 of getrlimit(2).
type Limit struct{ Soft, Hard uint64 }

// AtStart is the limit of open files at the start of the process. It is zero where the
// kernel does not tell, and then package syscall has not raised it either.
var AtStart Limit

// prlimit is prlimit64(0, RLIMIT_NOFILE, NULL, old), in assembly.
//
//go:noescape
func prlimit(old *Limit)

func init() { prlimit(&AtStart) }
