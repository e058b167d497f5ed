// Package seccomp turns the declared rules of a policy (package filter) into finished
// filter programs, one for each architecture. It guards the workload's whole system
// call surface.
//
// A program is a prologue of our own, then the body that libseccomp compiled. The
// prologue does what libseccomp 2.5 cannot say: a number that our table does not
// know gets the policy's "unknown" verdict, and system calls that are newer than
// the library are decided there. Argument conditions reach libseccomp only as
// equalities under a mask: its ordering comparisons have been compiled into filters
// weaker than declared more than once (GHSA-4q85-33p6-j5g6).
//
// What it must not do: load a filter, read a policy file, or run at boot. It is
// build side only: it links libseccomp through cgo. It imports policy/filter,
// golang.org/x/sys/unix and libseccomp-golang.
//
// The way of the data:
//
//	filter.Expr -> Lower -> conjunctions ┐
//	filter.Rules ────────────────────────┴-> Compile -> program -> Print
package seccomp
