package audit

import (
	"fmt"

	"casemate/policy/filter"
	"casemate/policy/prove"

	"golang.org/x/sys/unix"
)

// returned gives an area of a program that gets one of the kinds of verdicts.
func (p *program) returned(kinds ...uint32) *area {
	for i := range p.areas {
		for _, k := range kinds {
			if kind(p.areas[i].verdict) == k {
				return &p.areas[i]
			}
		}
	}
	return nil
}

// verdictFound records that a program gives a verdict that it should not have.
func (v *view) verdictFound(kinds ...uint32) {
	for _, p := range v.programs {
		if r := p.returned(kinds...); r != nil {
			v.found(Finding{Subject: "seccomp " + string(p.arch), At: v.at("seccomp"), Witness: p.example(r),
				Message: fmt.Sprintf("the filter for %s has the verdict %s", p.arch, r.verdict)})
		}
	}
}

func supervised(v *view) { v.verdictFound(unix.SECCOMP_RET_USER_NOTIF, unix.SECCOMP_RET_TRACE) }
func killThread(v *view) { v.verdictFound(unix.SECCOMP_RET_KILL_THREAD) }

func unstableInput(v *view) {
	for _, p := range v.programs {
		for i := range p.areas {
			if r := &p.areas[i]; !r.box[prove.IPLow].Full() || !r.box[prove.IPHigh].Full() {
				v.found(Finding{Subject: "seccomp " + string(p.arch), At: v.at("seccomp"), Witness: p.example(r),
					Message: fmt.Sprintf("the filter for %s looks at the instruction pointer", p.arch)})
				break
			}
		}
		for _, nr := range filter.Numbers(p.arch) {
			v.pointers(p, uint32(nr))
		}
	}
}

// pointers finds verdicts on a call that depend on a pointer.
func (v *view) pointers(p *program, nr uint32) {
	name, _ := filter.Name(p.arch, int(nr))
	for _, arg := range filter.Args(p.arch, name) {
		if !arg.Pointer {
			continue
		}
		for _, i := range p.of[nr] {
			r := &p.areas[i]
			if !r.box[prove.ArgLow(arg.Index)].Full() || !r.box[prove.ArgHigh(arg.Index)].Full() {
				v.call(name, p.example(r, where{prove.NR, prove.Values(nr)}), 0, fmt.Sprintf("the verdict on %s depends on %s, a pointer", name, arg.Names[0]))
				break
			}
		}
	}
}

// manyInstructions is a quarter of what the kernel takes in one program.
const manyInstructions = prove.MaxInstructions / 4

func largeFilter(v *view) {
	for _, p := range v.programs {
		if n := len(p.bytes) / 8; n > manyInstructions {
			v.found(Finding{Subject: "seccomp " + string(p.arch), At: v.at("seccomp"),
				Message: fmt.Sprintf("the filter for %s has %d instructions", p.arch, n)})
		}
	}
}

// hot are the calls that services make most.
var hot = []string{
	"read", "write", "readv", "writev", "pread64", "pwrite64", "close", "futex", "epoll_wait", "epoll_pwait", "epoll_ctl", "poll", "ppoll",
	"recvfrom", "sendto", "recvmsg", "sendmsg", "accept4", "clock_gettime", "mmap", "munmap", "madvise", "brk", "fstat", "newfstatat", "openat", "lseek", "sendfile",
}

func slowCalls(v *view) {
	for _, p := range v.programs {
		for _, name := range hot {
			if p.freedom(name) == conditional {
				v.call(name, p.reach(name), 0, name+" is under a condition, and runs the filter each time")
			}
		}
	}
}

func missingBasics(v *view) {
	for _, p := range v.programs {
		for _, name := range []string{"exit", "exit_group", "rt_sigreturn", "restart_syscall"} {
			if is := p.freedom(name); is == denied || is == killed {
				v.call(name, nil, 0, fmt.Sprintf("the filter for %s denies %s", p.arch, name))
			}
		}
	}
}
