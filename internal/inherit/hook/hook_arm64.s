#include "textflag.h"

DATA _cgo_init(SB)/8, $casemate∕internal∕inherit·capture(SB)
GLOBL _cgo_init(SB), NOPTR, $8
