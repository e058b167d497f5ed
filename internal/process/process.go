// Package process lowers what a process gives up for itself and all that it will start:
// to execute memory that was writable, files that only memory holds, a core that others
// share, kinds of speculation.
//
// Pure: it imports sealed, facts, plan and mount, and x/sys/unix for its constants.
package process

import (
	"fmt"

	"casemate/internal/facts"
	"casemate/internal/mount"
	"casemate/internal/plan"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// noExec is level 2 of vm.memfd_noexec (memfd_create(2), Linux 6.3): a memfd cannot be
// executed, and one that should be is EACCES. Each PID namespace has its own, not below
// that of its parent.
const noExec = "2"

// MemFD writes vm.memfd_noexec through a procfs of our own, whole, since a part of it has no
// sys/, and shows that it holds: nobody reads another PID namespace's.
func MemFD(l *plan.List, p *sealed.Policy, f *facts.Facts) {
	if p.Exec.Memory.MemFD != sealed.MemFDNoExec || !f.Process.MemFDNoExec {
		return
	}
	at := p.Exec.At
	mount.WholeProc(l, at, "sysctls")
	mount.OpenProc(l, at, "sysctls", "sys/vm/memfd_noexec", "sysctl")
	l.Add(at, plan.Write, plan.Slot("sysctl"), plan.Bytes(`"`+noExec+`"`, []byte(noExec)), plan.Num(uint64(len(noExec))))
	l.Must(at, "EACCES", plan.MemfdCreate, plan.String("casemate"), plan.Named(unix.MFD_EXEC, "MFD_EXEC"))
}

// Restrict gives up the rest. All of it is kept over the exec and inherited.
func Restrict(l *plan.List, p *sealed.Policy, f *facts.Facts) {
	e := &p.Exec
	if e.Core && f.Process.CoreScheduling == facts.CoreShared {
		l.Add(e.At, plan.Prctl, plan.Named(unix.PR_SCHED_CORE, "PR_SCHED_CORE"), plan.Named(unix.PR_SCHED_CORE_CREATE, "PR_SCHED_CORE_CREATE"),
			plan.Num(0), plan.Named(unix.PR_SCHED_CORE_SCOPE_THREAD_GROUP, "PR_SCHED_CORE_SCOPE_THREAD_GROUP"), plan.Num(0))
	}
	for _, s := range kinds {
		if e.Spec&s.bit != 0 && controlled(s.state(f)) {
			l.Add(e.At, plan.Prctl, plan.Named(unix.PR_SET_SPECULATION_CTRL, "PR_SET_SPECULATION_CTRL"), plan.Named(s.number, s.name),
				plan.Named(unix.PR_SPEC_FORCE_DISABLE, "PR_SPEC_FORCE_DISABLE"), plan.Num(0), plan.Num(0))
		}
	}
	if e.Memory.MDWE {
		l.Add(e.At, plan.Prctl, plan.Named(unix.PR_SET_MDWE, "PR_SET_MDWE"), plan.Named(unix.PR_MDWE_REFUSE_EXEC_GAIN, "PR_MDWE_REFUSE_EXEC_GAIN"),
			plan.Num(0), plan.Num(0), plan.Num(0))
	}
}

// kinds of speculation.
var kinds = [...]struct {
	bit    uint8
	number uint64
	name   string
	state  func(*facts.Facts) int
}{
	{sealed.SpecStoreBypass, unix.PR_SPEC_STORE_BYPASS, "PR_SPEC_STORE_BYPASS", func(f *facts.Facts) int { return f.Process.StoreBypass }},
	{sealed.SpecIndirectBranch, unix.PR_SPEC_INDIRECT_BRANCH, "PR_SPEC_INDIRECT_BRANCH", func(f *facts.Facts) int { return f.Process.IndirectBranch }},
}

// controlled: a process decides for itself (PR_SPEC_PRCTL).
func controlled(state int) bool { return state > 0 && state&unix.PR_SPEC_PRCTL != 0 }

// harmless: the processor does not have the flaw, or nobody has the speculation.
func harmless(state int) bool {
	return state == unix.PR_SPEC_NOT_AFFECTED || state > 0 && state&(unix.PR_SPEC_DISABLE|unix.PR_SPEC_FORCE_DISABLE) != 0
}

// Field is a line of proc_pid_status(5) and what stands there once a kind of speculation
// is off for good.
type Field struct{ Field, Want string }

// Speculation lists those of a policy, where a process decides for itself.
func Speculation(p *sealed.Policy, f *facts.Facts) (fields []Field) {
	if p.Exec.Spec&sealed.SpecStoreBypass != 0 && controlled(f.Process.StoreBypass) {
		fields = append(fields, Field{"Speculation_Store_Bypass", "thread force mitigated"})
	}
	if p.Exec.Spec&sealed.SpecIndirectBranch != 0 && controlled(f.Process.IndirectBranch) {
		fields = append(fields, Field{"SpeculationIndirectBranch", "conditional force disabled"})
	}
	return fields
}

// Lacks compares with the host: what must be there and is not, and what is only done where
// it can be. What a policy states is demanded.
func Lacks(p *sealed.Policy, f *facts.Facts) (must, prefer []string) {
	e := &p.Exec
	if e.Memory.MDWE && !f.Process.MDWE {
		must = append(must, e.At+": no PR_SET_MDWE (Linux 6.3)")
	}
	if e.Core && f.Process.CoreScheduling == facts.CoreNone {
		must = append(must, e.At+": no core scheduling (CONFIG_SCHED_CORE, Linux 5.14)")
	}
	for _, s := range kinds {
		if state := s.state(f); e.Spec&s.bit != 0 && !controlled(state) && !harmless(state) {
			must = append(must, fmt.Sprintf("%s: %s cannot be switched off for a process (it is %d here, PR_GET_SPECULATION_CTRL(2const))", e.At, s.name, state))
		}
	}
	if e.Memory.MemFD == sealed.MemFDNoExec && !f.Process.MemFDNoExec {
		prefer = append(prefer, e.At+": no vm.memfd_noexec (Linux 6.3): what memfd_create makes can be executed")
	}
	return must, prefer
}
