package sys

import "syscall"

// Sigset is the kernel's 64-bit sigset_t: bit n-1 stands for signal n.
type Sigset uint64

// AllSignals is every signal. The kernel itself takes KILL and STOP out of a mask.
const AllSignals = ^Sigset(0)

// OthersSignal is what EndOtherThreads needs to itself while it has not succeeded.
const OthersSignal = Sigset(1 << (sigRetire - 1))

// LastSignal is the kernel's _NSIG, the highest signal number (signal(7)).
const LastSignal = 64

// Catchable tells whether a signal can be caught and blocked (signal(7)).
func Catchable(signal int) bool {
	return signal != int(syscall.SIGKILL) && signal != int(syscall.SIGSTOP)
}

// Siginfo is what rt_sigtimedwait(2) says of one signal: the start of siginfo_t, as
// it is for signals sent by kill(2), tgkill(2) and rt_sigqueueinfo(2), padded to the
// kernel's 128 bytes. Other senders keep other things behind Code.
type Siginfo struct {
	Signo int32
	Errno int32
	Code  int32
	_     int32
	PID   int32 // the sender's, in our PID namespace; 0 from outside
	UID   uint32
	_     [104]byte
}

// Values of Siginfo.Code (sigaction(2)). Another process cannot forge one that is
// not negative, nor SI_TKILL (rt_sigqueueinfo(2)).
const (
	CodeUser  = 0  // SI_USER: kill(2)
	CodeTkill = -6 // SI_TKILL: tgkill(2)
)

// What relay_*.s takes from here, through go_asm.h.
const (
	sysWrite       = syscall.SYS_WRITE
	sysTgkill      = syscall.SYS_TGKILL
	sysExit        = syscall.SYS_EXIT
	sysExitGroup   = syscall.SYS_EXIT_GROUP
	sysRtSigreturn = syscall.SYS_RT_SIGRETURN

	sigPreempt = int(syscall.SIGURG) // the Go scheduler's, tgkill'ed by ourselves
	sigRetire  = 32                  // without a name, libc's SIGCANCEL; see EndOtherThreads

	exitBug = 250 // exit.Bug; a test compares

	// Faults is a bit per signal number, for signals that the kernel raises because of
	// the instruction that a thread executes.
	Faults = 1<<syscall.SIGILL | 1<<syscall.SIGTRAP | 1<<syscall.SIGBUS | 1<<syscall.SIGFPE | 1<<syscall.SIGSEGV | 1<<syscall.SIGSYS

	// relayedMask is a thread's mask after its first relay: all but sigRetire.
	relayedMask = uint64(AllSignals &^ OthersSignal)
)
