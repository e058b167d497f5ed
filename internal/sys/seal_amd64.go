package sys

const (
	auditArch  = 0xc000003e // AUDIT_ARCH_X86_64; x32 has it too, and numbers of its own
	sysSeccomp = 317
)
