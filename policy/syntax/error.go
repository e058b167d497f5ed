package syntax

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Position is a place in a policy or base. The zero Position is a built-in default.
type Position struct {
	File      string
	Line, Col int
}

// String gives file:line:col, the form that editors jump to.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Error is one complaint: what is wrong, with which token, where, and how to mend it.
type Error struct {
	Pos   Position
	Msg   string
	Token string // quoted when printed; "" for none
	Hint  string // "" for none
}

func (e *Error) Error() string {
	s := e.Pos.String() + ": " + e.Msg
	if e.Token != "" {
		s += fmt.Sprintf(": %q", e.Token)
	}
	if e.Hint != "" {
		s += "; hint: " + e.Hint
	}
	return s
}

// Errors is everything found wrong in one run.
type Errors []*Error

// printed bounds what one run prints: a file with more is wrong in kind, and the
// first ones say how.
const printed = 20

func (e Errors) Error() string {
	var b strings.Builder
	for i, one := range e {
		if i == printed {
			fmt.Fprintf(&b, "\n(and %d more)", len(e)-printed)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(one.Error())
	}
	return b.String()
}

// Add records a complaint.
func (e *Errors) Add(p Position, token, hint, format string, args ...any) {
	*e = append(*e, &Error{Pos: p, Msg: fmt.Sprintf(format, args...), Token: token, Hint: hint})
}

// Err is nil when nothing was found, else the complaints in the order of the text
// and without repetitions.
func (e *Errors) Err() error {
	if len(*e) == 0 {
		return nil
	}
	slices.SortStableFunc(*e, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), a.Pos.Line-b.Pos.Line, a.Pos.Col-b.Pos.Col)
	})
	*e = slices.CompactFunc(*e, func(a, b *Error) bool { return *a == *b })
	return *e
}
