#include "go_asm.h"
#include "textflag.h"

// Offsets are the kernel's: siginfo_t (sigaction(2)) has si_code at 8 and si_pid at
// 16; struct ucontext (arch/arm64/include/uapi/asm/ucontext.h) has uc_sigmask at 40,
// x0 at 184 and pc at 440.

// func relayPC() (handler, restorer uintptr)
TEXT ·relayPC(SB), NOSPLIT, $0-16
	MOVD	$·relay(SB), R0
	MOVD	R0, handler+0(FP)
	MOVD	ZR, restorer+8(FP)
	RET

// restorer is not used: without SA_RESTORER the kernel makes R30 point to the vDSO's
// trampoline (setup_return in arch/arm64/kernel/signal.c).
TEXT ·restorer(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	MOVD	$const_sysRtSigreturn, R8
	SVC
	BRK

// relay is called by the kernel: R0 signal, R1 siginfo, R2 ucontext. It uses no g,
// no Go stack and no memory but relayPID, retired, answers and faultText.
TEXT ·relay(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	MOVW	·relayPID(SB), R3
	MOVW	8(R1), R4
	CMPW	$0, R4
	BGT	kernel
	MOVW	16(R1), R5
	CMPW	R3, R5
	BNE	forward

	// From ourselves: the scheduler's preemption is dropped, sigRetire obeyed, and what
	// else kill(2) or the kernel sends in our name is not for the workload.
	CMPW	$const_CodeTkill, R4
	BNE	user
	CMPW	$const_sigPreempt, R0
	BNE	forward
	RET
user:
	CBNZW	R4, forward	// CodeUser is 0
	CMPW	$const_sigRetire, R0
	BEQ	retire
	RET

forward:
	MOVD	$const_relayedMask, R4
	MOVD	R4, 40(R2)
	MOVW	R0, R2
	MOVW	R3, R0
	MOVW	R3, R1
	MOVD	$const_sysTgkill, R8
	SVC
	RET

kernel:
	MOVD	$const_Faults, R4
	LSR	R0, R4, R4
	TBZ	$0, R4, forward
	MOVD	$2, R0
	MOVD	·faultText+0(SB), R1
	MOVD	·faultText+8(SB), R2
	MOVD	$const_sysWrite, R8
	SVC
	MOVD	$const_exitBug, R0
	MOVD	$const_sysExitGroup, R8
	SVC
	BRK

retire:
	// A thread ends only where it sleeps. The kernel interrupts a sleep with EINTR behind
	// the SVC, or takes the thread back onto it to sleep on.
	MOVD	440(R2), R4
	MOVD	$0xd4000001, R6	// SVC
	MOVWU	(R4), R5
	CMP	R6, R5
	BEQ	asleep
	MOVWU	-4(R4), R5
	CMP	R6, R5
	BNE	awake
	MOVD	184(R2), R5
	CMN	$4, R5		// EINTR
	BNE	awake
asleep:
	MOVD	$·retired(SB), R3
one:
	LDAXRW	(R3), R4
	ADDW	$1, R4
	STLXRW	R4, (R3), R5
	CBNZW	R5, one
	MOVD	$·answers(SB), R3
two:
	LDAXRW	(R3), R4
	ADDW	$1, R4
	STLXRW	R4, (R3), R5
	CBNZW	R5, two
	MOVD	ZR, R0
	MOVD	$const_sysExit, R8
	SVC
	BRK
awake:
	MOVD	$·answers(SB), R3
three:
	LDAXRW	(R3), R4
	ADDW	$1, R4
	STLXRW	R4, (R3), R5
	CBNZW	R5, three
	RET
