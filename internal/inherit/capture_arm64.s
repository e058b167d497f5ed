#include "textflag.h"

DATA _cgo_init(SB)/8, $·capture(SB)
GLOBL _cgo_init(SB), NOPTR, $8

// func capture()
//
// The kernel changes R0 in a call, and no other register.
TEXT ·capture(SB), NOSPLIT|NOFRAME, $0
	SUB	$48, RSP	// struct sigaction, 32 bytes
	MOVD	ZR, R0
	MOVD	ZR, R1		// nothing new
	MOVD	$·Blocked(SB), R2
	MOVD	$8, R3
	MOVD	$135, R8	// rt_sigprocmask
	SVC

	MOVD	ZR, R10
	MOVD	$64, R9
next:
	LSL	$1, R10, R10
	MOVD	R9, R0
	MOVD	ZR, R1
	MOVD	RSP, R2
	MOVD	$8, R3
	MOVD	$134, R8	// rt_sigaction
	SVC
	CBNZ	R0, other
	MOVD	0(RSP), R4
	CMP	$1, R4		// SIG_IGN
	BNE	other
	ORR	$1, R10, R10
other:
	SUB	$1, R9, R9
	CBNZ	R9, next
	MOVD	$·Ignored(SB), R4
	MOVD	R10, (R4)
	ADD	$48, RSP
	RET
