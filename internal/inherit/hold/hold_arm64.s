#include "go_asm.h"
#include "textflag.h"

DATA _cgo_init(SB)/8, $·start(SB)
GLOBL _cgo_init(SB), NOPTR, $8

// func start()
//
// It leaves the stack, and the link register, to capture as rt0_go has left them.
TEXT ·start(SB), NOSPLIT|NOFRAME, $0
	MOVD	$const_sigSetmask, R0
	MOVD	$·all(SB), R1
	MOVD	$·before(SB), R2
	MOVD	$8, R3
	MOVD	$135, R8	// rt_sigprocmask
	SVC

	MOVD	$casemate∕internal∕inherit·Settings(SB), R0
	MOVD	$·collect(SB), R1
	MOVD	R1, 8(R0)
	MOVD	$·limit(SB), R1
	MOVD	R1, 16(R0)
	MOVD	$·debug(SB), R1
	MOVD	R1, 24(R0)
	MOVD	$·traceback(SB), R1
	MOVD	R1, 32(R0)
	B	casemate∕internal∕inherit·capture(SB)
