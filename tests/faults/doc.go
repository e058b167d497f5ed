// Package faults puts a fault at every system call of a launch, from the shim's first to
// the workload's exec and on to the end, in the binaries as they are shipped: an errno of
// its manual page, a result that is not true, a signal, the death of the shim, the child or
// init. Whatever the fault, one of two things may come of it: the workload runs confined as
// always and the launch succeeds, or the launch fails with one of the documented codes and
// a line that says what failed; and nothing is left behind. `make faults` puts all of them;
// `make test` a part that is the same in every run.
//
//	errnos_test.go  which errnos a call can give
//	inject_test.go  one launch with one fault, and the judgement of what comes of it
//	matrix_test.go  all calls, all faults
//	hard_test.go    launches under hard conditions: no descriptors, no room, no file systems,
//	                signals all the time, numbers of processes that come again
package faults
