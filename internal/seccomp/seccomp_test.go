package seccomp

import (
	"bytes"
	"strings"
	"testing"

	"casemate/internal/plan"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

func both() *sealed.Policy {
	return &sealed.Policy{Filters: []sealed.Filter{{Arch: sealed.ArchAMD64, Program: []byte("12345678")}, {Arch: sealed.ArchARM64, Program: []byte("abcdefgh")}}}
}

func TestPick(t *testing.T) {
	for arch, want := range map[string]string{"amd64": "12345678", "arm64": "abcdefgh"} {
		if got, err := Pick(both(), arch); err != nil || string(got.Program) != want {
			t.Errorf("%s: %q, %v", arch, got.Program, err)
		}
	}
}

// A filter of another architecture would let everything of this one through or nothing:
// never take it instead.
func TestPickRefuses(t *testing.T) {
	one := both()
	one.Filters = one.Filters[:1]
	for arch, p := range map[string]*sealed.Policy{"arm64": one, "riscv64": both(), "": both(), "amd64": {}, "386": {Filters: []sealed.Filter{{Arch: 0}}}} {
		if got, err := Pick(p, arch); err == nil || got.Program != nil || !strings.Contains(err.Error(), "no seccomp filter for "+arch) {
			t.Errorf("%s: %q, %v", arch, got.Program, err)
		}
	}
}

func TestArchsAreTheKernels(t *testing.T) {
	if sealed.ArchAMD64 != unix.AUDIT_ARCH_X86_64 || sealed.ArchARM64 != unix.AUDIT_ARCH_AARCH64 {
		t.Error("AUDIT_ARCH_*")
	}
}

func TestInstall(t *testing.T) {
	l := &plan.List{}
	Install(l, []byte("12345678"))
	if len(l.Steps) != 1 {
		t.Fatalf("%d steps", len(l.Steps))
	}
	s := l.Steps[0]
	if s.Op != plan.Seccomp || s.Args[0].Int != unix.SECCOMP_SET_MODE_FILTER || s.Args[1].Int != 0 ||
		s.Args[2].Kind != plan.KindFilter || !bytes.Equal(s.Args[2].Data, []byte("12345678")) {
		t.Errorf("%s", s)
	}
}
