package audit

import (
	"fmt"
	"strings"
)

// Severity is how much a finding matters. The zero Severity is none.
type Severity uint8

// The severities, ascending.
const (
	Low Severity = iota + 1
	Medium
	High
	Critical
)

var severityNames = [...]string{"none", "low", "medium", "high", "critical"}

func (s Severity) String() string { return severityNames[s] }

// MarshalText makes the JSON form the word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the word back.
func (s *Severity) UnmarshalText(b []byte) (err error) {
	*s, err = ParseSeverity(string(b))
	return err
}

// ParseSeverity reads the word for a severity.
func ParseSeverity(word string) (Severity, error) {
	for i, name := range severityNames[1:] {
		if name == word {
			return Severity(i + 1), nil
		}
	}
	return 0, fmt.Errorf("severity %q: not one of %s", word, strings.Join(severityNames[1:], ", "))
}

// Level is a set of rules. Each level has the rules of those before it. The zero Level is
// none; a row of the table that states no level is of the last.
type Level uint8

// The levels: two of the Pod Security Standards by the names and the subset of rules
// that these define, and everything.
const (
	Baseline Level = iota + 1
	Restricted
	ImmutableHost
)

var levelNames = [...]string{"none", "baseline", "restricted", "immutable-host"}

func (l Level) String() string { return levelNames[l] }

// MarshalText makes the JSON form the word.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// ParseLevel reads the word for a level.
func ParseLevel(word string) (Level, error) {
	for i, name := range levelNames[1:] {
		if name == word {
			return Level(i + 1), nil
		}
	}
	return 0, fmt.Errorf("level %q: not one of %s", word, strings.Join(levelNames[1:], ", "))
}
