#include "go_asm.h"
#include "funcdata.h"
#include "textflag.h"

// func vfork(flags uintptr, p *Program) int
//
// The child keeps this frame and its return address and calls below them, so that
// the parent finds them as they were.
TEXT ·vfork(SB), NOSPLIT, $8-24
	NO_LOCAL_POINTERS
	MOVD	flags+0(FP), R0
	MOVD	ZR, R1		// stack: this one
	MOVD	ZR, R2
	MOVD	ZR, R3
	MOVD	ZR, R4
	MOVD	$const_sysClone, R8
	SVC
	CBNZ	R0, parent
	MOVD	p+8(FP), R0
	MOVD	R0, 8(RSP)
	CALL	·vforked(SB)
	BRK
parent:
	MOVD	R0, ret+16(FP)
	RET
