package explain

import (
	"fmt"
	"slices"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/filter"
	"casemate/policy/prove"
	"casemate/policy/region"

	"golang.org/x/sys/unix"
)

// Syscall tells what the filters do with a call, of which some arguments may be stated:
// for each of the architectures, which the policy must be compiled for.
func Syscall(s *Subject, arches []filter.Arch, call Call, args []string) (*Answer, error) {
	a := new(Answer)
	for _, arch := range arches {
		nr, name, ok := call.on(arch)
		if !ok {
			a.say("%s %s: there is no such call on this architecture", arch, call.Name)
			continue
		}
		in, err := stated(prove.Of(arch, nr), arch, name, args)
		if err != nil {
			return nil, err
		}
		if _, err := s.judge(a, arch, arch.AuditArch(), nr, in); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// Arches are the architectures to answer for: one that is asked for, or else this
// machine's where the policy is compiled for it, or all that it is compiled for.
func Arches(s *Subject, asked, machine string) ([]filter.Arch, error) {
	var compiled []filter.Arch
	for _, arch := range filter.Arches() {
		if filterOf(s.Policy, arch) != nil {
			compiled = append(compiled, arch)
		}
	}
	if asked != "" {
		arch, err := filter.ParseArch(asked)
		if err == nil && !slices.Contains(compiled, arch) {
			err = fmt.Errorf("the policy was not compiled for %s", arch)
		}
		return []filter.Arch{arch}, err
	}
	if arch, err := filter.ParseArch(machine); err == nil && slices.Contains(compiled, arch) {
		return []filter.Arch{arch}, nil
	}
	return compiled, nil
}

func filterOf(p *sealed.Policy, arch filter.Arch) *sealed.Filter {
	for i := range p.Filters {
		if p.Filters[i].Arch == arch.AuditArch() {
			return &p.Filters[i]
		}
	}
	return nil
}

// judge words what the filter for arch says of the calls in a box, which have one number
// and one AUDIT_ARCH word, and gives it.
func (s *Subject) judge(a *Answer, arch filter.Arch, word, nr uint32, in prove.Box) ([]outcome, error) {
	p, err := s.program(arch)
	if err != nil {
		return nil, err
	}
	list, err := outcomes(p, in)
	if err != nil {
		return nil, err
	}
	native := word == arch.AuditArch()
	name := ""
	if native {
		name, _ = filter.Name(arch, int(nr))
	}
	title := fmt.Sprintf("%s %s", arch, region.Name(arch, nr))
	switch {
	case !native:
		title = fmt.Sprintf("%s number %d", ArchWord(word), nr)
	case name != "":
		title += fmt.Sprintf(" (%d)", nr)
	}
	if len(list) == 1 {
		a.say("%s: %s", title, verdict(list[0].action))
	} else {
		a.say("%s: it depends on the arguments", title)
		for i, o := range list {
			when := "otherwise"
			if i < len(list)-1 {
				when = "when " + condition(arch, name, list, i)
			}
			a.because("%-6s %s", verdict(o.action), when)
		}
	}
	a.Allowed = a.Allowed || list[0].action == filter.ActionAllow
	s.callLines(a, arch, name, nr, native, list[0].action == filter.ActionAllow)
	return list, nil
}

// verdict is the short form: EPERM for ERRNO(EPERM).
func verdict(a filter.Action) string {
	text := a.String()
	if rest, ok := strings.CutPrefix(text, "ERRNO("); ok {
		return strings.TrimSuffix(rest, ")")
	}
	return text
}

// archWords are AUDIT_ARCH_* of linux/audit.h whose calls a kernel for one of our
// architectures takes, or that a copied record may have.
var archWords = map[uint32]string{
	unix.AUDIT_ARCH_I386: "i386", unix.AUDIT_ARCH_X86_64: "amd64", unix.AUDIT_ARCH_ARM: "arm", unix.AUDIT_ARCH_AARCH64: "arm64",
	unix.AUDIT_ARCH_RISCV64: "riscv64", unix.AUDIT_ARCH_PPC64LE: "ppc64le", unix.AUDIT_ARCH_S390X: "s390x",
}

// ArchWord names the architecture of an AUDIT_ARCH word.
func ArchWord(word uint32) string {
	if name, ok := archWords[word]; ok {
		return name
	}
	return fmt.Sprintf("architecture %#x", word)
}
