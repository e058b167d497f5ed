#include "go_asm.h"
#include "textflag.h"

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

	// rt0_go has put argc and argv where its frame begins. If they are not there, or not
	// what the kernel has put above it, all stays as it is.
	ADD	$64, RSP, R5	// rt0_go's stack pointer, before it made room for this call
	MOVD	16(R5), R1	// argv
	SUB	R5, R1, R2
	CMP	$256, R2
	BHS	done
	AND	$7, R1, R2
	CBNZ	R2, done
	MOVWU	8(R5), R3	// argc
	MOVD	-8(R1), R2
	CMP	R2, R3
	BNE	done

	MOVD	$·vectors(SB), R6
	ADD	$(const_room*8), R6, R7
	ADD	$1, R3		// with the NULL behind
arguments:
	MOVD.P	8(R1), R2
	MOVD.P	R2, 8(R6)
	CMP	R7, R6
	BHS	done
	SUB	$1, R3
	CBNZ	R3, arguments

	MOVD	ZR, R10		// how many settings
	MOVD	$·Settings(SB), R4
settings:
	MOVD.P	8(R4), R2
	CBZ	R2, environment
	MOVD.P	R2, 8(R6)
	ADD	$1, R10
	CMP	R7, R6
	BHS	done
	B	settings
environment:
	CMP	R7, R6
	BHS	done
	MOVD.P	8(R1), R2
	MOVD.P	R2, 8(R6)
	CBNZ	R2, environment
auxiliary:			// pairs, to one of type AT_NULL
	ADD	$16, R6, R2
	CMP	R7, R2
	BHI	done
	MOVD.P	8(R1), R2
	MOVD.P	R2, 8(R6)
	MOVD.P	8(R1), R3
	MOVD.P	R3, 8(R6)
	CBNZ	R2, auxiliary

	MOVD	$·vectors(SB), R2
	MOVD	R2, 16(R5)
	MOVD	$·added(SB), R2
	MOVW	R10, (R2)
done:
	ADD	$48, RSP
	RET
