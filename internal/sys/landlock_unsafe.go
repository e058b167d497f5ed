package sys

import "syscall"

const (
	sysLandlockCreateRuleset     = 444 // Linux 5.13, the same everywhere
	landlockCreateRulesetVersion = 1
)

// LandlockABI is the version of landlock(7) that the kernel offers; 0 where it is not built
// in (ENOSYS) or not among the active modules (EOPNOTSUPP).
func LandlockABI() (int, error) {
	// Safety: the kernel reads no memory where the version is asked for.
	n, _, errno := syscall.RawSyscall(sysLandlockCreateRuleset, 0, 0, landlockCreateRulesetVersion)
	if errno == syscall.ENOSYS || errno == syscall.EOPNOTSUPP {
		return 0, nil
	}
	return int(n), asError(errno)
}
