package explain

import (
	"fmt"

	"casemate/policy/filter"
	"casemate/policy/prove"

	"golang.org/x/sys/unix"
)

// Log explains a record: which call it was, what the policy says of it, and which line
// would allow it.
func Log(s *Subject, r *Record) (*Answer, error) {
	arch, ok := filterFor(s, r.Arch)
	if !ok {
		return nil, fmt.Errorf("the record is of %s, for which the policy has no filter", ArchWord(r.Arch))
	}
	same := *r
	same.Comm = "" // whoever made it, the rest is the same
	rest := s.logged[same]
	if rest == nil {
		var err error
		if rest, err = s.call(arch, r); err != nil {
			return nil, err
		}
		if s.logged == nil {
			s.logged = map[Record]*Answer{}
		}
		s.logged[same] = rest
	}
	a := &Answer{Allowed: rest.Allowed}
	a.say("%s made a call, and the filter answered %s", program(r.Comm), r.answer())
	a.Lines = append(a.Lines, rest.Lines...)
	return a, nil
}

// call is the answer about the call of a record.
func (s *Subject) call(arch filter.Arch, r *Record) (*Answer, error) {
	a := new(Answer)
	in := prove.Everything().With(prove.Arch, prove.Values(r.Arch)).With(prove.NR, prove.Values(r.NR))
	list, err := s.judge(a, arch, r.Arch, r.NR, in)
	if err != nil {
		return nil, err
	}
	for _, o := range list {
		if o.action&unix.SECCOMP_RET_ACTION_FULL == r.Action {
			return a, nil
		}
	}
	a.because("this policy never answers %s here: the record is of another one", r.answer())
	return a, nil
}

// answer is the action; which errno it was is not logged.
func (r *Record) answer() string {
	if r.Action == unix.SECCOMP_RET_ERRNO {
		return "ERRNO"
	}
	return r.Action.String()
}

func program(comm string) string {
	if comm == "" {
		return "a program"
	}
	return fmt.Sprintf("a program that calls itself %q", comm)
}

// filterFor is the filter that a kernel asks about calls with an AUDIT_ARCH word: that of
// its own architecture, for its 32-bit calls too.
func filterFor(s *Subject, word uint32) (filter.Arch, bool) {
	arch := map[uint32]filter.Arch{unix.AUDIT_ARCH_I386: filter.AMD64, unix.AUDIT_ARCH_ARM: filter.ARM64}[word]
	for _, own := range filter.Arches() {
		if own.AuditArch() == word {
			arch = own
		}
	}
	return arch, arch != "" && filterOf(s.Policy, arch) != nil
}
