// Package explain answers what a policy does with one thing: a system call, a
// capability, a path, a record of the audit log. The verdict is that of the sealed
// policy, its filters and its tree; the line, base, group or default behind it is of
// the text, where the text is there.
//
// Pure. It imports internal/sealed and internal/caps, and of the policy rooms those that
// give meaning: base, danger, filter, prove, region, syntax, tree.
package explain

import (
	"fmt"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/filter"
	"casemate/policy/prove"
	"casemate/policy/syntax"
)

// Subject is the policy that is asked about.
type Subject struct {
	Policy *sealed.Policy

	// Of its text; both nil where only the sealed policy is there.
	Rules *filter.Rules
	Text  *syntax.File

	// What was asked before: a log asks often.
	programs map[filter.Arch]*prove.Program
	logged   map[Record]*Answer // by what a record says of the call alone
}

// program is the filter for arch, which the policy has.
func (s *Subject) program(arch filter.Arch) (*prove.Program, error) {
	if p := s.programs[arch]; p != nil {
		return p, nil
	}
	p, err := prove.Parse(filterOf(s.Policy, arch).Program)
	if err != nil {
		return nil, fmt.Errorf("the filter for %s cannot be read: %w", arch, err)
	}
	if s.programs == nil {
		s.programs = map[filter.Arch]*prove.Program{}
	}
	s.programs[arch] = p
	return p, nil
}

// Answer is what a person asked to know.
type Answer struct {
	Allowed bool     // at least in some case
	Lines   []string // the verdict first, what is behind it indented
}

func (a *Answer) say(format string, args ...any) {
	a.Lines = append(a.Lines, fmt.Sprintf(format, args...))
}

// because says what is behind a verdict.
func (a *Answer) because(format string, args ...any) { a.say("  "+format, args...) }

// String is the answer as it is printed.
func (a *Answer) String() string { return strings.Join(a.Lines, "\n") + "\n" }

// untold is said where a line is asked for and the text is not there.
const untold = "the line that decides is not in a sealed policy; name its text with --text"

// place words a position, or the absence of one.
func place(p syntax.Position) string {
	if p.Line == 0 {
		return "default"
	}
	return p.String()
}

// where gives a place that the sealed policy keeps, with its column where the text is
// there.
func (s *Subject) where(at string) string {
	if s.Text != nil {
		if p := s.Text.Resolve(at); p.Line > 0 {
			return p.String()
		}
	}
	return at
}

// addTo is where a list of the policy's own file is, or where it would have to be.
func (s *Subject) addTo(list string) string {
	own := s.Text.Pos("policy").File // every file states it
	if p := s.Text.Pos(list); p.Line > 0 && p.File == own {
		return fmt.Sprintf("%s (%s)", list, p)
	}
	return fmt.Sprintf("%s of %s, which has none yet", list, own)
}

// reasonFor is what a dangerous grant has to have beside it; "" for others.
func reasonFor(key, danger string) string {
	if danger == "" {
		return ""
	}
	return fmt.Sprintf("; it needs a reason, under [why] %q = \"…\" (%s)", key, danger)
}
