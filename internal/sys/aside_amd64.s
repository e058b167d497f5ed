#include "go_asm.h"
#include "textflag.h"

// func aside(flags uintptr, stack, tid unsafe.Pointer, calls unsafe.Pointer) int
//
// The kernel keeps every register but AX, CX and R11, in the new thread too, which uses R12
// and no memory but the calls.
TEXT ·aside(SB), NOSPLIT, $0-40
	MOVQ	flags+0(FP), DI
	MOVQ	stack+8(FP), SI
	XORL	DX, DX
	MOVQ	tid+16(FP), R10
	XORL	R8, R8
	MOVQ	calls+24(FP), R12
	MOVL	$56, AX		// clone
	SYSCALL
	TESTQ	AX, AX
	JEQ	next
	MOVQ	AX, ret+32(FP)
	RET
next:
	MOVQ	0(R12), AX
	CMPQ	AX, $-1
	JEQ	end
	MOVQ	8(R12), DI
	MOVQ	16(R12), SI
	MOVQ	24(R12), DX
	SYSCALL
	ADDQ	$32, R12
	JMP	next
end:
	XORL	DI, DI
	MOVL	$const_sysExit, AX
	SYSCALL
	INT	$3
