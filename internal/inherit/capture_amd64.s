#include "textflag.h"

DATA _cgo_init(SB)/8, $·capture(SB)
GLOBL _cgo_init(SB), NOPTR, $8

// func capture()
//
// The kernel changes AX, CX and R11 in a call, and no other register.
TEXT ·capture(SB), NOSPLIT|NOFRAME, $0
	SUBQ	$40, SP		// struct sigaction, 32 bytes
	XORL	DI, DI
	XORL	SI, SI		// nothing new
	LEAQ	·Blocked(SB), DX
	MOVL	$8, R10
	MOVL	$14, AX		// rt_sigprocmask
	SYSCALL

	XORL	R9, R9
	MOVL	$64, R8
next:
	ADDQ	R9, R9
	MOVL	R8, DI
	XORL	SI, SI
	MOVQ	SP, DX
	MOVL	$8, R10
	MOVL	$13, AX		// rt_sigaction
	SYSCALL
	TESTQ	AX, AX
	JNE	other
	CMPQ	0(SP), $1	// SIG_IGN
	JNE	other
	ORQ	$1, R9
other:
	DECL	R8
	JNZ	next
	MOVQ	R9, ·Ignored(SB)

	MOVL	$0x1002, DI	// ARCH_SET_FS
	LEAQ	·tls+8(SB), SI
	MOVL	$158, AX	// arch_prctl
	SYSCALL
	TESTQ	AX, AX
	JEQ	done
	INT	$3		// as runtime.settls
done:
	ADDQ	$40, SP
	RET
