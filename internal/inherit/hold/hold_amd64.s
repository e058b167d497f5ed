#include "go_asm.h"
#include "textflag.h"

DATA _cgo_init(SB)/8, $·start(SB)
GLOBL _cgo_init(SB), NOPTR, $8

// func start()
//
// It leaves the stack to capture as rt0_go has left it.
TEXT ·start(SB), NOSPLIT|NOFRAME, $0
	MOVL	$const_sigSetmask, DI
	LEAQ	·all(SB), SI
	LEAQ	·before(SB), DX
	MOVL	$8, R10
	MOVL	$14, AX		// rt_sigprocmask
	SYSCALL

	LEAQ	casemate∕internal∕inherit·Settings(SB), DI
	LEAQ	·collect(SB), AX
	MOVQ	AX, 8(DI)
	LEAQ	·limit(SB), AX
	MOVQ	AX, 16(DI)
	LEAQ	·debug(SB), AX
	MOVQ	AX, 24(DI)
	LEAQ	·traceback(SB), AX
	MOVQ	AX, 32(DI)
	JMP	casemate∕internal∕inherit·capture(SB)
