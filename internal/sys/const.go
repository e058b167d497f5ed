package sys

// Constants of the kernel that package syscall lacks. They are the same on all
// architectures that we build for; a test compares them with golang.org/x/sys/unix.
const (
	SIG_SETMASK = 2 // rt_sigprocmask(2)

	PR_GET_SECUREBITS      = 27 // prctl(2), Linux 2.6.26
	PR_GET_MDWE            = 66 // Linux 6.3
	PR_SET_CHILD_SUBREAPER = 36 // Linux 3.4
	PR_SET_NO_NEW_PRIVS    = 38 // Linux 3.5

	seccompSetModeFilter   = 1 // seccomp(2)
	seccompFilterFlagTsync = 1

	capKill            = 5 // capabilities(7)
	capabilityVersion3 = 0x20080522

	pollOut = 4 // poll(2)

	sysCloseRange = 436 // Linux 5.9, the same everywhere

	F_GET_SEALS   = 1034 // fcntl(2), Linux 3.17
	F_SEAL_SEAL   = 1
	F_SEAL_SHRINK = 2
	F_SEAL_GROW   = 4
	F_SEAL_WRITE  = 8

	clockMonotonic = 1 // clock_gettime(2)
	pPGID          = 2 // waitid(2)

	tiocgsid = 0x5429 // TIOCGSID, ioctl_tty(2)

	oPath   = 0x200000 // O_PATH, open(2)
	atFDCWD = -100     // AT_FDCWD
)
