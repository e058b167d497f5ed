// Package region words sets of system calls: for which arguments a filter says what it
// says. Where it can it writes conditions as policies do, so that they can be taken
// over; values get the names that their argument's man page has for them.
//
// It imports policy/filter for names and policy/prove for the sets, and decides nothing:
// a set that it cannot word in a few terms is counted, never guessed at.
package region
