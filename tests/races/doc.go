// Package races changes a hostile root while it is launched: by whoever can write to it on
// the host, at every system call of the launch that has to do with paths, descriptors or
// mounts, in ten ways; and all the time, as fast as a processor can. What may come of it is
// a launch with the confinement that it would have had, or a documented error; a tree of
// canaries on the host stays what it was, to the times of its files, and so do the mounts.
// `make hostile` makes every combination, `make test` a part that is the same in every run.
//
//	mutate_test.go  the ten ways
//	canary_test.go  the tree that must stay
//	race_test.go    one launch with one change, and the judgement of what comes of it
//	every_test.go   every call
//	hammer_test.go  all the time
package races
