// Package prove judges compiled filters. It reads the bytes of a program as the kernel
// would, evaluates them symbolically over every input there is, and decides whether
// they say the same as the declared rules; the same evaluation answers where two
// programs differ and what one of them does with a call.
//
// It guards the last step of a compilation: compilers of filters have shipped programs
// weaker than their rules (GHSA-4q85-33p6-j5g6). So it shares no code with the package
// that makes programs, and imports policy/filter alone, for the tables and the trees
// of conditions, and golang.org/x/sys/unix for constants.
//
// A filter is a function from the sixteen 32-bit words of struct seccomp_data to a
// verdict. Both sides of a proof become decision diagrams over the 512 bits of these
// words, reduced and hash-consed, so that equal functions are the same node: equality
// for every number in 2^32, every architecture and every 64-bit argument is one
// comparison, and where it fails the diagrams hold the calls that differ.
//
//	bytes -> Parse -> Program -> diagram ┐
//	filter.Rules -------------> diagram ─┴-> Check -> Proof or Mismatch
//	                  Program -> Walk, Pair -> Box (one Set for each word), verdict
//
// All work is bounded, by numbers and not by time: what exceeds the bounds is an error
// (ErrComplex), never a shortened answer. It must not load a filter, read a file, or
// run at boot.
package prove
