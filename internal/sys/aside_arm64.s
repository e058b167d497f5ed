#include "go_asm.h"
#include "textflag.h"

// func aside(flags uintptr, stack, tid unsafe.Pointer, calls unsafe.Pointer) int
//
// The kernel keeps every register but R0, in the new thread too, which uses R9 and no memory
// but the calls.
TEXT ·aside(SB), NOSPLIT, $0-40
	MOVD	flags+0(FP), R0
	MOVD	stack+8(FP), R1
	MOVD	ZR, R2
	MOVD	ZR, R3
	MOVD	tid+16(FP), R4
	MOVD	calls+24(FP), R9
	MOVD	$220, R8	// clone
	SVC
	CBZ	R0, next
	MOVD	R0, ret+32(FP)
	RET
next:
	MOVD	0(R9), R8
	CMN	$1, R8
	BEQ	end
	MOVD	8(R9), R0
	MOVD	16(R9), R1
	MOVD	24(R9), R2
	SVC
	ADD	$32, R9
	B	next
end:
	MOVD	ZR, R0
	MOVD	$const_sysExit, R8
	SVC
	BRK
