package seccomp

import (
	"fmt"
	"strings"

	"casemate/internal/sealed"

	"casemate/policy/filter"
)

// Print writes a program for people, one instruction a line: its place, the
// instruction with absolute targets, and what is compared where that is certain.
// It takes any program of ours, compiled or read from a sealed policy, and refuses
// what it cannot decode.
func Print(program []byte) (string, error) {
	code, err := decode(program)
	if err != nil {
		return "", err
	}
	held := trace(code)
	arch := archOf(code, held)
	var b strings.Builder
	for i, in := range code {
		text, note := in.text(i), in.note(held[i], arch)
		if note == "" {
			fmt.Fprintf(&b, "%04d  %s\n", i, text)
		} else {
			fmt.Fprintf(&b, "%04d  %-40s ; %s\n", i, text, note)
		}
	}
	return b.String(), nil
}

// text is the instruction itself.
func (in instruction) text(at int) string {
	switch in.code {
	case opLoad:
		return fmt.Sprintf("ld   [%d]", in.k)
	case opAnd:
		return fmt.Sprintf("and  #%#x", in.k)
	case opRet:
		return "ret  " + filter.Action(in.k).String()
	case opJump:
		return fmt.Sprintf("ja   %04d", uint64(at)+1+uint64(in.k))
	}
	name, ok := map[uint16]string{opJEQ: "jeq", opJGT: "jgt", opJGE: "jge", opJSet: "jset"}[in.code]
	if !ok {
		return fmt.Sprintf("?    code %#x jt %d jf %d k %#x", in.code, in.jt, in.jf, in.k)
	}
	return fmt.Sprintf("%-4s #%#x, %04d, %04d", name, in.k, at+1+int(in.jt), at+1+int(in.jf))
}

// note explains a load, or a comparison of what the accumulator holds.
func (in instruction) note(a accumulator, arch filter.Arch) string {
	switch in.code {
	case opLoad:
		return accumulator{known: true, offset: in.k, mask: ^uint32(0)}.String()
	case opJEQ, opJGT, opJGE, opJSet:
	default:
		return ""
	}
	if !a.known {
		return ""
	}
	sign := map[uint16]string{opJEQ: "==", opJGT: ">", opJGE: ">=", opJSet: "&"}[in.code]
	return fmt.Sprintf("%s %s %s", a, sign, a.value(in.k, arch))
}

// value writes a number as what it stands for.
func (a accumulator) value(k uint32, arch filter.Arch) string {
	switch {
	case a.offset == offsetArch && k == sealed.ArchAMD64:
		return string(filter.AMD64)
	case a.offset == offsetArch && k == sealed.ArchARM64:
		return string(filter.ARM64)
	case a.offset == offsetNR && arch == filter.AMD64 && k == filter.X32Bit:
		return "x32"
	case a.offset == offsetNR && k == filter.Skipped:
		return "skipped by a tracer"
	case a.offset == offsetNR:
		if name, ok := filter.Name(arch, int(k)); ok {
			return name
		}
		return fmt.Sprint(k)
	}
	return fmt.Sprintf("%#x", k)
}

// archOf is the architecture that the program compares with first, "" for none.
func archOf(code []instruction, held []accumulator) filter.Arch {
	for i, in := range code {
		if in.code != opJEQ || !held[i].known || held[i].offset != offsetArch {
			continue
		}
		for _, arch := range filter.Arches() {
			if in.k == arch.AuditArch() {
				return arch
			}
		}
	}
	return ""
}
