package gate

// Report is what init says of itself with Ready: what the kernel tells a process of itself
// and of nobody else (prctl(2)). It is weaker than what the shim reads, since the one that
// says it is the one that is asked about; but nothing of the workload has run by then, and
// init is ours. A step of the launch that was forgotten or undone shows here.
type Report struct {
	Securebits  uint16 // PR_GET_SECUREBITS
	DeathSignal uint8  // PR_GET_PDEATHSIG
	Dumpable    uint8  // PR_GET_DUMPABLE, 0 to 2
	MDWE        uint8  // PR_GET_MDWE, 0 to 3; 0 where the kernel has none
}

// Value packs the report into Ready's value: 16 bits, 8 bits, 4 bits and 2 bits. The last two are 0.
func (r Report) Value() uint32 {
	return uint32(r.Securebits)<<16 | uint32(r.DeathSignal)<<8 | uint32(r.Dumpable&15)<<4 | uint32(r.MDWE&3)<<2
}

// ReportOf unpacks it. ok is false for a value that Value does not make.
func ReportOf(v uint32) (r Report, ok bool) {
	r = Report{Securebits: uint16(v >> 16), DeathSignal: uint8(v >> 8), Dumpable: uint8(v) >> 4, MDWE: uint8(v) >> 2 & 3}
	return r, r.Value() == v
}
