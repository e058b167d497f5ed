package audit

import (
	"errors"
	"fmt"
	"slices"

	"casemate/policy/filter"
	"casemate/policy/prove"
)

// canaries are calls that the kernel has removed or never had. Nobody has a reason to
// list one, so that their verdict is the one of calls that nobody listed.
var canaries = []string{
	"afs_syscall", "create_module", "get_kernel_syms", "getpmsg", "lookup_dcookie", "nfsservctl", "putpmsg",
	"query_module", "security", "tuxcall", "uselib", "vserver",
}

// unlisted gives the canaries of a program that the policy does not list after all.
func (v *view) unlisted(p *program) []string {
	return slices.DeleteFunc(slices.Clone(canaries), func(name string) bool {
		listed := v.Text != nil && v.callAt(name) != ""
		return listed || p.freedom(name) == absent
	})
}

func permissiveDefault(v *view) {
	for _, p := range v.programs {
		names := v.unlisted(p)
		allowed := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return p.reach(name) == nil })
		if n := len(allowed); n > 0 && 2*n >= len(names) { // one of them may be listed by mistake, or denied to look like a list
			w := p.reach(allowed[0])
			v.found(Finding{Subject: "seccomp.default", At: v.at("seccomp.default"), Witness: w,
				Message: fmt.Sprintf("the filter for %s allows what nobody listed: %s", p.arch, allowed[0])})
		}
	}
}

// defaultKills reports whether calls that nobody listed kill the process.
func (v *view) defaultKills(p *program) bool {
	return slices.ContainsFunc(v.unlisted(p), func(name string) bool { return p.freedom(name) == killed })
}

// unlikeRules proves sealed filters against their text again. A filter that was compiled
// a moment ago has been proved then.
func unlikeRules(v *view) {
	for _, p := range v.programs {
		if p.fault != nil {
			v.found(Finding{Subject: "seccomp " + string(p.arch), At: v.at("seccomp"),
				Message: fmt.Sprintf("the filter for %s cannot be judged: %v", p.arch, p.fault)})
			continue
		}
		if v.Text == nil || !v.Sealed {
			continue
		}
		_, err := prove.Check(p.arch, p.bytes, v.Text.Rules)
		var m *prove.Mismatch
		switch {
		case errors.As(err, &m):
			v.found(Finding{Subject: "seccomp " + string(p.arch), At: m.At, Message: m.Error(),
				Witness: &Witness{m.Arch, m.Call, m.Compiled}})
		case err != nil:
			v.found(Finding{Subject: "seccomp " + string(p.arch), At: v.at("seccomp"),
				Message: fmt.Sprintf("the filter for %s cannot be proved: %v", p.arch, err)})
		}
	}
}

// compat is the 32-bit entry of a machine, AUDIT_ARCH_I386 and AUDIT_ARCH_ARM.
var compat = map[filter.Arch]uint32{filter.AMD64: 0x40000003, filter.ARM64: 0x40000028}

func foreignArch(v *view) {
	for _, p := range v.programs {
		own := prove.Values(p.arch.AuditArch(), compat[p.arch])
		if w := p.admits(where{prove.Arch, own.Not()}); w != nil {
			v.found(Finding{Subject: "seccomp.bad_arch " + string(p.arch), At: v.at("seccomp.bad_arch"), Witness: w,
				Message: fmt.Sprintf("the filter for %s allows calls of architecture %#x", p.arch, w.Call.Arch)})
		}
	}
}

func compatArch(v *view) {
	for _, p := range v.programs {
		if w := p.admits(where{prove.Arch, prove.Values(compat[p.arch])}); w != nil {
			v.found(Finding{Subject: "seccomp.bad_arch " + string(p.arch), At: v.at("seccomp.bad_arch"), Witness: w,
				Message: fmt.Sprintf("the filter for %s allows calls through the 32-bit entry", p.arch)})
		}
	}
}

func x32(v *view) {
	for _, p := range v.programs {
		if p.arch != filter.AMD64 {
			continue
		}
		w := p.admits(where{prove.Arch, prove.Values(p.arch.AuditArch())}, where{prove.NR, prove.Range(filter.X32Bit, filter.Skipped-1)})
		if w == nil {
			continue
		}
		native := w.Call
		native.NR &^= filter.X32Bit
		v.found(Finding{Subject: "seccomp.bad_arch x32", At: v.at("seccomp.bad_arch"), Witness: w,
			Message: fmt.Sprintf("the filter allows the x32 call %#x (the call of amd64 with its number gets %s)", w.Call.NR, p.code.Run(native))})
	}
}

// admits gives any allowed call that keeps the demands, under whatever architecture.
func (p *program) admits(demands ...where) *Witness {
	for i := range p.areas {
		if r := &p.areas[i]; permits(r.verdict) {
			if w := p.example(r, demands...); w != nil {
				return w
			}
		}
	}
	return nil
}

func unknownNumbers(v *view) {
	for _, p := range v.programs {
		for i := range p.areas {
			r := &p.areas[i]
			nr, ok := p.unknownIn(r)
			if !ok || r.verdict == filter.ActionENOSYS {
				continue
			}
			severity := Medium
			if permits(r.verdict) {
				severity = High
			}
			v.found(Finding{Subject: "seccomp.unknown", At: v.at("seccomp.unknown"), Severity: severity,
				Witness: p.example(r, where{prove.NR, prove.Values(nr)}, where{prove.Arch, prove.Values(p.arch.AuditArch())}),
				Message: fmt.Sprintf("calls that the table does not know get %s", r.verdict)})
		}
	}
}

// unknownIn gives a number of the area that the table does not know and that is no
// x32 call.
func (p *program) unknownIn(r *area) (uint32, bool) {
	if !r.box[prove.Arch].Contains(p.arch.AuditArch()) {
		return 0, false
	}
	known, end := filter.Numbers(p.arch), uint64(filter.Skipped)
	if p.arch == filter.AMD64 {
		end = filter.X32Bit
	}
	for first, last := range r.box[prove.NR].Ranges() {
		for nr := uint64(first); nr <= uint64(last) && nr < end; nr++ {
			if _, ok := slices.BinarySearch(known, int(nr)); !ok {
				return uint32(nr), true
			}
		}
		if uint64(last) >= end {
			break
		}
	}
	return 0, false
}
