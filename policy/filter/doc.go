// Package filter is what a seccomp filter is declared to be: the rules, the language
// of conditions on arguments, and the tables of system calls, prototypes and constants
// that give names their numbers. It says what a filter means (Rules.Decide, Eval) and
// knows nothing of programs: package seccomp makes them, and whoever judges a program
// judges it by this package alone.
//
// It takes numbers and constants from generated tables only and refuses what it does
// not know. It imports internal/sealed for the architecture numbers and
// golang.org/x/sys/unix, and touches no kernel.
//
//	text -> ParseExpr -> Expr -> Eval
//	                      └-> Rules -> Decide
package filter

//go:generate go run ./gen -out .
