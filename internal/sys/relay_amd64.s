#include "go_asm.h"
#include "textflag.h"

// Offsets are the kernel's: siginfo_t (sigaction(2)) has si_code at 8 and si_pid at
// 16; struct ucontext (arch/x86/include/uapi/asm/sigcontext.h) has ax at 144, ip at 168
// and uc_sigmask at 296.

// func relayPC() (handler, restorer uintptr)
TEXT ·relayPC(SB), NOSPLIT, $0-16
	LEAQ	·relay(SB), AX
	MOVQ	AX, handler+0(FP)
	LEAQ	·restorer(SB), AX
	MOVQ	AX, restorer+8(FP)
	RET

// restorer is where a handler returns to: amd64 demands one (sigreturn(2)).
TEXT ·restorer(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	MOVL	$const_sysRtSigreturn, AX
	SYSCALL
	INT	$3

// relay is called by the kernel: DI signal, SI siginfo, DX ucontext. It uses no g,
// no Go stack and no memory but relayPID, retired, answers and faultText.
TEXT ·relay(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	MOVL	·relayPID(SB), R8
	MOVL	8(SI), AX
	CMPL	AX, $0
	JGT	kernel
	CMPL	16(SI), R8
	JNE	forward

	// From ourselves: the scheduler's preemption is dropped, sigRetire obeyed, and what
	// else kill(2) or the kernel sends in our name is not for the workload.
	CMPL	AX, $const_CodeTkill
	JNE	user
	CMPL	DI, $const_sigPreempt
	JNE	forward
	RET
user:
	CMPL	AX, $const_CodeUser
	JNE	forward
	CMPL	DI, $const_sigRetire
	JEQ	retire
	RET

forward:
	MOVQ	$const_relayedMask, AX
	MOVQ	AX, 296(DX)
	MOVL	DI, DX
	MOVL	R8, DI
	MOVL	R8, SI
	MOVL	$const_sysTgkill, AX
	SYSCALL
	RET

kernel:
	MOVL	$const_Faults, AX
	BTL	DI, AX
	JCC	forward
	MOVL	$2, DI
	MOVQ	·faultText+0(SB), SI
	MOVQ	·faultText+8(SB), DX
	MOVL	$const_sysWrite, AX
	SYSCALL
	MOVL	$const_exitBug, DI
	MOVL	$const_sysExitGroup, AX
	SYSCALL
	INT	$3

retire:
	// A thread ends only where it sleeps. The kernel interrupts a sleep with EINTR behind
	// the SYSCALL, or takes the thread back onto it to sleep on.
	MOVQ	168(DX), R9
	CMPW	(R9), $0x050f	// SYSCALL
	JEQ	asleep
	CMPW	-2(R9), $0x050f
	JNE	awake
	CMPQ	144(DX), $-4	// EINTR
	JNE	awake
asleep:
	LOCK
	INCL	·retired(SB)
	LOCK
	INCL	·answers(SB)
	XORL	DI, DI
	MOVL	$const_sysExit, AX
	SYSCALL
	INT	$3
awake:
	LOCK
	INCL	·answers(SB)
	RET
