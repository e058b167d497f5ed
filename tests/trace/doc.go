// Package trace follows a launch system call by system call, with ptrace(2), and lets a
// test decide about each: let it go, answer it with an errno or a lie, or do something
// while the caller stands still. It is how faults and races are put at an exact place of
// the real binaries. amd64 only: it reads and writes registers.
//
//	trace.go  the loop over what the traced tasks report
//	task.go   one task: its role in the launch and its current call
//	code.go   which calls are the program's own and not its Go runtime's
//	words.go  memory of a traced task, and calls in words
//
// It knows nothing of policies or plans. A Tracer must be used from the one locked thread
// that it was made on: ptrace(2) takes requests from the tracer alone. That thread's
// process is to be PID 1 of a PID namespace: then nothing that the launch leaves behind
// is out of its sight. It imports policy/filter, for the names of system calls.
package trace
