// Package seccomp turns the declared rules of a policy (package filter) into finished
// filter programs, one for each architecture. It guards the workload's whole system
// call surface.
//
// There are two makers. Our own sorts the numbers into a search tree and compares
// words as the processor of filters does. libseccomp compiles the other one's body,
// behind a prologue that does what version 2.5 of it cannot say: a number that our
// table does not know gets the policy's "unknown" verdict, and system calls that are
// newer than the library are decided there. Conditions reach it only as equalities
// under a mask: its ordering comparisons have been compiled into filters weaker than
// declared more than once (GHSA-4q85-33p6-j5g6). Whoever seals proves both, and takes
// the shorter.
//
// What it must not do: load a filter, read a policy file, or run at boot. It is
// build side only: it links libseccomp through cgo. It imports policy/filter,
// golang.org/x/sys/unix and libseccomp-golang.
//
// The way of the data:
//
//	filter.Rules -> verdicts ┬-> graph -> place ───────────────┬-> Program -> Print
//	                         └-> Lower -> libseccomp, prologue ┘
package seccomp
