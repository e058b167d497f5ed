package facts

import (
	"errors"
	"fmt"

	"casemate/internal/sys"

	"golang.org/x/sys/unix"
)

// process asks what a process can give up by itself. An option that the kernel does not
// know is EINVAL (prctl(2)).
func (v View) process(f *Facts) error {
	p := &f.Process
	_, err := unix.PrctlRetInt(unix.PR_GET_MDWE, 0, 0, 0, 0)
	if p.MDWE = err == nil; err != nil && !errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("prctl(PR_GET_MDWE): %w", err)
	}
	kind, err := v.kindOf("/proc/sys/vm/memfd_noexec")
	if err != nil {
		return err
	}
	p.MemFDNoExec = kind == "file"
	switch _, err := sys.CoreCookie(0); {
	case err == nil:
		p.CoreScheduling = CoreShared
	case errors.Is(err, unix.ENODEV):
		p.CoreScheduling = CoreAlone
	case !errors.Is(err, unix.EINVAL):
		return fmt.Errorf("prctl(PR_SCHED_CORE_GET): %w", err)
	}
	p.StoreBypass, p.IndirectBranch = speculation(unix.PR_SPEC_STORE_BYPASS), speculation(unix.PR_SPEC_INDIRECT_BRANCH)
	return nil
}

// speculation is what PR_GET_SPECULATION_CTRL says of a kind; -1 where the architecture has
// no such control (ENODEV, EINVAL).
func speculation(kind uintptr) int {
	state, err := unix.PrctlRetInt(unix.PR_GET_SPECULATION_CTRL, kind, 0, 0, 0)
	if err != nil {
		return -1
	}
	return state
}
