package filter

import (
	"fmt"

	"casemate/internal/sealed"
)

// Arch is an architecture that programs can be compiled for, by its Go name.
type Arch string

// The architectures.
const (
	AMD64 Arch = "amd64"
	ARM64 Arch = "arm64"
)

// arches is in the order of the columns of the generated tables.
var arches = [...]Arch{AMD64, ARM64}

// Arches lists the architectures, ascending.
func Arches() []Arch { return append([]Arch(nil), arches[:]...) }

// ParseArch reads Go's name of an architecture or the kernel's, uname(2).
func ParseArch(s string) (Arch, error) {
	switch s {
	case "amd64", "x86_64":
		return AMD64, nil
	case "arm64", "aarch64":
		return ARM64, nil
	}
	return "", fmt.Errorf("architecture %q: not one of amd64 (x86_64), arm64 (aarch64)", s)
}

// AuditArch is the word that the kernel puts into seccomp_data.arch, or 0 for an
// architecture that is none of ours.
func (a Arch) AuditArch() uint32 {
	switch a {
	case AMD64:
		return sealed.ArchAMD64
	case ARM64:
		return sealed.ArchARM64
	}
	return 0
}

// column is the index of a's column in the generated tables, -1 for none.
func (a Arch) column() int {
	for i, b := range arches {
		if a == b {
			return i
		}
	}
	return -1
}

// Valid reports whether a is one of the architectures.
func (a Arch) Valid() bool { return a.column() >= 0 }
