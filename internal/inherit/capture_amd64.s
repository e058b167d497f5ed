#include "go_asm.h"
#include "textflag.h"

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
	JEQ	single
	INT	$3		// as runtime.settls

	// rt0_go has put argc and argv where its frame begins. If they are not there, or not
	// what the kernel has put above it, all stays as it is.
single:
	LEAQ	48(SP), BX	// rt0_go's stack pointer
	MOVQ	32(BX), SI	// argv
	MOVQ	SI, AX
	SUBQ	BX, AX
	CMPQ	AX, $256
	JCC	done
	TESTQ	$7, SI
	JNE	done
	MOVL	24(BX), R8	// argc
	CMPQ	-8(SI), R8
	JNE	done

	LEAQ	·vectors(SB), DI
	LEAQ	(const_room*8)(DI), R9
	INCQ	R8		// with the NULL behind
arguments:
	MOVQ	(SI), AX
	MOVQ	AX, (DI)
	ADDQ	$8, SI
	ADDQ	$8, DI
	CMPQ	DI, R9
	JCC	done
	DECQ	R8
	JNZ	arguments

	XORL	R10, R10	// how many settings
	LEAQ	·Settings(SB), DX
settings:
	MOVQ	(DX)(R10*8), AX
	TESTQ	AX, AX
	JEQ	environment
	MOVQ	AX, (DI)
	INCQ	R10
	ADDQ	$8, DI
	CMPQ	DI, R9
	JCC	done
	JMP	settings
environment:
	CMPQ	DI, R9
	JCC	done
	MOVQ	(SI), AX
	MOVQ	AX, (DI)
	ADDQ	$8, SI
	ADDQ	$8, DI
	TESTQ	AX, AX
	JNE	environment
auxiliary:			// pairs, to one of type AT_NULL
	LEAQ	16(DI), AX
	CMPQ	R9, AX
	JCS	done
	MOVQ	(SI), AX
	MOVQ	8(SI), CX
	MOVQ	AX, (DI)
	MOVQ	CX, 8(DI)
	ADDQ	$16, SI
	ADDQ	$16, DI
	TESTQ	AX, AX
	JNE	auxiliary

	LEAQ	·vectors(SB), AX
	MOVQ	AX, 32(BX)
	MOVL	R10, ·added(SB)
done:
	ADDQ	$40, SP
	RET
