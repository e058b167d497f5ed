package sys

import (
	"runtime"
	"sync/atomic"
	"syscall"
	_ "unsafe" // for go:linkname
)

// A Go program has threads that no one asked for, and the runtime leaves signals
// open in them and catches them with handlers of its own. For PID 1 that is wrong
// twice: a signal taken there is lost, and TERM, HUP, QUIT, INT, SEGV, BUS, ABRT, SYS
// or STKFLT sent from inside the namespace ends the process, for the kernel protects
// PID 1 only from signals without a handler (pid_namespaces(7)). Two steps lead out.
//
// CatchAll puts a handler of ours, in assembly, in place of the runtime's. The main
// thread blocks every signal and takes them with RtSigtimedwait. Where another thread
// is hit, the handler sends the signal on to the main thread and blocks all from
// there on, so that a thread relays once in its life.
//
// EndOtherThreads ends them. From there on the process is what a C program would be:
// one thread, no monitor that polls, no garbage collection, and no thread that must be
// made later and cannot when pids.max is reached. As PID 1 the same loop with its
// threads left alone took 2.4 times the CPU per signal and 4 times per orphan.
//
// Safety: relay runs on whatever stack the kernel gives it (SA_ONSTACK: the runtime's
// signal stack), calls nothing but the kernel, and reads relayPID and faultText, which
// are written before it is installed.

var (
	relayPID  int32         // of this process and so of its main thread
	retired   atomic.Uint32 // threads that relay has ended
	answers   atomic.Uint32 // sigRetires that relay has dealt with
	faultText = "casemate-init: BUG: fault in a thread of the Go runtime\n"
)

func relay()
func restorer()
func relayPC() (handler, restorer uintptr)

// Flags of sigaction(2), from include/uapi/asm-generic/signal-defs.h; SA_RESTORER is
// the architectures' own, with one value on both.
const (
	saNocldstop = 0x00000001
	saSiginfo   = 0x00000004
	saRestorer  = 0x04000000
	saOnstack   = 0x08000000
	saRestart   = 0x10000000
)

// CatchAll blocks all signals of the calling thread, which must be the main thread,
// and catches all 64, in whatever thread they arrive, for RtSigtimedwait there.
// Stopped children are not reported (SA_NOCLDSTOP). A signal that was ignored before
// is not ignored any more, SIGCHLD with it: children wait to be reaped.
func CatchAll() error {
	if err := RtSigprocmask(AllSignals); err != nil {
		return err
	}
	// A filter may answer getpid(2) with an error, which package syscall does not look for.
	if relayPID = int32(syscall.Getpid()); relayPID <= 0 {
		return syscall.EPERM
	}
	handler, restorer := relayPC()
	act := &sigaction{
		handler:  handler,
		flags:    saNocldstop | saSiginfo | saOnstack | saRestart,
		restorer: restorer,
		mask:     AllSignals,
	}
	if restorer != 0 {
		act.flags |= saRestorer
	}
	for n := 1; n <= LastSignal; n++ {
		if !Catchable(n) {
			continue
		}
		if err := rtSigaction(n, act); err != nil {
			return err
		}
	}
	return nil
}

// procPin keeps the calling goroutine on its thread and out of the scheduler, and keeps
// a collection of garbage from starting (gcStart leaves a thread with locks alone).
// Kept by the runtime: "do not remove or change the type signature"
// (go.dev/issue/67401).
//
//go:linkname procPin runtime.procPin
func procPin() int

// Pin binds the calling goroutine, which must be on the main thread, to it for good. From
// there on the caller must not allocate, use more than 4 KiB of stack, start goroutines
// or use channels or locks: whom it would need will be gone. It calls the kernel by the
// functions of this package and ends with Exit.
func Pin() {
	growStack()
	procPin()
}

// growStack makes the caller's stack large enough for what may still come, so that it
// never grows again. Only a collection of garbage would shrink it.
//
//go:noinline
func growStack() {
	var room [4 << 10]byte
	touch(&room)
}

//go:noinline
func touch(room *[4 << 10]byte) { room[0] = 1 }

// asked counts the sigRetires that were sent.
var asked uint32

// EndOtherThreads ends every thread of the process but the calling one, after CatchAll
// and Pin. It does not wait: it is called again some time later, until it says that
// they are gone. OthersSignal must not be taken until then.
//
// A thread ends when relay gets sigRetire from ourselves. The kernel gives each of
// them to a thread that does not block it, which are all others (complete_signal in
// kernel/signal.c); the runtime unblocks 32 in every thread it makes. A thread ends only
// while it sleeps, so that it holds no lock; one that is awake only answers, and is
// asked again the next time. It may never say that all are gone: a thread that
// the runtime has counted is not made any more when its maker was ended first. The
// caller gives up after a while, and sees an unanswered sigRetire sent by itself.
func EndOtherThreads() bool {
	if answers.Load() != asked {
		return false
	}
	// Counted after the ended: if they are all, nobody is left to make another.
	ended := int(retired.Load())
	all, _ := runtime.ThreadCreateProfile(nil)
	for range all - 1 - ended {
		asked++
		Kill(int(relayPID), sigRetire)
	}
	return ended == all-1
}
