package main

import (
	"syscall"

	"casemate/internal/gate"
	"casemate/internal/sys"
)

// reported is what the shim is told with Ready: what it cannot read itself.
func reported() (r gate.Report, err error) {
	bits, err := sys.PrctlGet(sys.PR_GET_SECUREBITS)
	if err != nil {
		return r, err
	}
	dumpable, err := sys.PrctlGet(syscall.PR_GET_DUMPABLE)
	if err != nil {
		return r, err
	}
	mdwe, err := sys.PrctlGet(sys.PR_GET_MDWE)
	if err != nil {
		mdwe = 0 // EINVAL: the kernel has none, which a policy that wants it knows (Linux 6.3)
	}
	death, err := sys.DeathSignal()
	return gate.Report{Securebits: uint16(bits), DeathSignal: uint8(death), Dumpable: uint8(dumpable), MDWE: uint8(mdwe)}, err
}
