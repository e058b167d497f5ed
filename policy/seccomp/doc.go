// Package seccomp turns the declared rules of a policy into finished filter
// programs, one for each architecture. It guards the workload's whole system call
// surface, so it takes names, numbers and constants from generated tables only and
// refuses what it does not know.
//
// A program is a prologue of our own, then the body that libseccomp compiled. The
// prologue does what libseccomp 2.5 cannot say: a number that our table does not
// know gets the policy's "unknown" verdict, and system calls that are newer than
// the library are decided there. Argument conditions reach libseccomp only as
// equalities under a mask: its ordering comparisons have been compiled into filters
// weaker than declared more than once (GHSA-4q85-33p6-j5g6).
//
// What it must not do: load a filter, read a policy file, or run at boot. It is
// build side only: it links libseccomp through cgo. It imports internal/sealed for
// the architecture numbers, golang.org/x/sys/unix and libseccomp-golang.
//
// The way of the data:
//
//	ParseExpr -> Expr -> Lower -> conjunctions ┐
//	               └──-> Eval (the meaning)     ├-> Compile -> program -> Print
//	Rules ──────────────────────────────────────┘
package seccomp

//go:generate go run ./gen -out .
