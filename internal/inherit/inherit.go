// Package inherit remembers the signals that the process was started with: execve(2)
// leaves those ignored that were ignored, and those blocked that were blocked (signal(7)).
// nohup(1) is built on it, and what an init starts is to get them as they came.
//
// The Go runtime installs its handlers and opens its mask before any code of ours runs,
// and keeps what it has found to itself. But the very first it does, on a bare stack, is to
// call what _cgo_init points to, for the start of a C library. In a program with cgo that
// is runtime/cgo's; here it is capture, in assembly. Whoever links this package into a
// program with cgo is told by the linker of a duplicate symbol. A test compares what a child
// gets with what init was given, signal by signal: a release of Go that changes the start
// does not go unnoticed.
//
// On amd64 the runtime leaves the thread pointer of the first thread to _cgo_init, so
// capture sets that too (ARCH_SET_FS, arch_prctl(2)).
//
// It imports nothing.
package inherit

// What was ignored and what was blocked at the start: bit n-1 stands for signal n.
var Ignored, Blocked uint64

// tls is what Go keeps in the thread's own memory, one word: the current g. The thread
// pointer points behind it.
var tls [2]uint64

// capture is called by runtime.rt0_go, by the C convention.
func capture()
