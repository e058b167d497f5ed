#include "go_asm.h"
#include "funcdata.h"
#include "textflag.h"

// func vfork(flags uintptr, p *Program) int
//
// The child keeps this frame and its return address and calls below them, so that
// the parent finds them as they were.
TEXT ·vfork(SB), NOSPLIT, $8-24
	NO_LOCAL_POINTERS
	MOVQ	flags+0(FP), DI
	XORL	SI, SI		// stack: this one
	XORL	DX, DX
	XORL	R10, R10
	XORL	R8, R8
	MOVL	$const_sysClone, AX
	SYSCALL
	TESTQ	AX, AX
	JNE	parent
	MOVQ	p+8(FP), AX
	MOVQ	AX, 0(SP)
	CALL	·vforked(SB)
	INT	$3
parent:
	MOVQ	AX, ret+16(FP)
	RET
