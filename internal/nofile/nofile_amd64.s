#include "textflag.h"

// func prlimit(old *Limit)
TEXT ·prlimit(SB), NOSPLIT, $0-8
	XORL	DI, DI		// this process
	MOVL	$7, SI		// RLIMIT_NOFILE
	XORL	DX, DX
	MOVQ	old+0(FP), R10
	MOVL	$302, AX	// prlimit64
	SYSCALL
	RET
