package filter

import "slices"

// initSet is what casemate-init calls once the filter holds: from its own execveat
// to the exit of the workload. It is in every policy under the name @casemate-init,
// so the workload has all of it too, and each line must be worth that.
//
// Some calls of the Go runtime may fail without harm. They are here all the same,
// since a policy may say default = "kill".
var initSet = []string{
	// entering
	"execveat", // the shim's child executes init from a verified descriptor

	// the Go runtime's start (runtime.rt0_go, osinit, schedinit)
	"arch_prctl",        // amd64: the thread pointer of the first thread (ARCH_SET_FS)
	"sched_getaffinity", // number of processors
	"openat",            // size of huge pages and the cgroup's cpu limit, may fail; later whether a file that is not executed exists
	"read",              // the same; later the orders and the gate
	"pread64",           // the cgroup's cpu limit; may fail
	"close",             // the same; later what init has read to the end
	"mmap",              // the heap and the stacks of threads
	"munmap",            // what an aligned reservation leaves over
	"madvise",           // huge pages off for the runtime's own memory
	"prctl",             // names of memory areas (PR_SET_VMA), may fail; later PR_SET_NAME, PR_SET_PDEATHSIG, PR_SET_DUMPABLE, and their like to report
	"fcntl",             // descriptors 0-2 are open (F_GETFD), or the runtime gives up; later the seals of the orders
	"rt_sigaction",      // a handler for every signal
	"rt_sigprocmask",    // signals blocked while a thread is made, and in the wait loop
	"sigaltstack",       // the signal stack of every thread
	"gettid",            // every thread's own number
	"prlimit64",         // package syscall raises the soft limit of descriptors

	// the Go runtime at work
	"clone",           // threads, and the workload; clone3 answers ENOSYS
	"futex",           // sleep and wake of threads
	"nanosleep",       // the monitor thread
	"sched_yield",     // spinning threads
	"clock_gettime",   // what the vDSO falls back to where the clock source is not usable from user space
	"getpid",          // with tgkill
	"tgkill",          // preemption of a running goroutine (SIGURG)
	"rt_sigreturn",    // end of every signal handler
	"restart_syscall", // an interrupted nanosleep or futex after SIGSTOP, SIGCONT or the freezer
	"write",           // the gate, and the last words of a panic
	"exit",            // the runtime's other threads, which init ends before it waits
	"exit_group",      // the end

	// the work of an init
	"rt_sigtimedwait", // the one wait of its loop
	"wait4",           // reaping
	"kill",            // forwarding signals
	"ppoll",           // before a message: a standard error that nobody reads must not hold PID 1

	// sealing itself when the workload runs. Worth giving to the workload too: both only take
	// away, from whoever calls them. A filter adds to the policy's and cannot undo it; it is
	// installed on all threads of the caller, without a listener. capset(2) gives nothing that
	// is not permitted already. Either is kernel code that a workload can reach by it.
	"capset",  // no capability but KILL
	"seccomp", // a filter of its own, on all threads

	// making the workload
	"setpgid", // a process group of its own, for scope = "group"
	"dup3",    // sockets of the service manager get their numbers; no descriptor that the caller does not have
	"chdir",   // the working directory
	"execve",  // the workload
}

// InitSet lists the system calls of @casemate-init, ascending. Some exist on one
// architecture only.
func InitSet() []string { return slices.Sorted(slices.Values(initSet)) }
