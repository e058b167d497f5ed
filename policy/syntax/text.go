package syntax

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// Bounds of a policy text. The largest real policy is some hundred lines; the
// bounds keep a hostile or broken file from costing more than a moment.
const (
	MaxText   = 256 << 10 // bytes of one file
	maxDepth  = 8         // tables and lists inside each other
	maxList   = 256       // entries of a list or map, where the tag limit says nothing else
	maxString = 4096      // bytes of one string: PATH_MAX
)

// checkText refuses bytes that no policy has a use for, before any parser sees them.
func checkText(name string, text []byte) error {
	var errs Errors
	if len(text) > MaxText {
		errs.Add(Position{File: name}, "", "", "the file has %d bytes, over the limit of %d", len(text), MaxText)
		return errs.Err()
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if msg := badRune(r, size); msg != "" {
			errs.Add(newLines(name, text).at(i), string(text[i:i+size]), "", "%s", msg)
			return errs.Err()
		}
		i += size
	}
	return nil
}

// badRune says why r may not stand anywhere in a policy, comments included.
// Reordering characters make a line read otherwise than it parses (CVE-2021-42574),
// and a policy is text for reviewers first. A byte order mark is not TOML.
func badRune(r rune, size int) string {
	switch {
	case r == utf8.RuneError && size <= 1:
		return "not valid UTF-8"
	case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\u061c', r == '\u200e', r == '\u200f':
		return "a character that reorders text"
	case r == '\ufeff':
		return "a byte order mark"
	case r < ' ' && r != '\n' && r != '\t' && r != '\r', r >= 0x7f && r < 0xa0:
		return "a control character"
	}
	return ""
}

// lines turns byte offsets of one text into positions.
type lines struct {
	name   string
	starts []int // offset of each line's first byte
}

func newLines(name string, text []byte) *lines {
	l := &lines{name: name, starts: []int{0}}
	for i, b := range text {
		if b == '\n' {
			l.starts = append(l.starts, i+1)
		}
	}
	return l
}

// at gives the position of an offset; columns count bytes from 1.
func (l *lines) at(offset int) Position {
	n := sort.SearchInts(l.starts, offset+1)
	return Position{File: l.name, Line: n, Col: offset - l.starts[n-1] + 1}
}

// Sentence reports whether a text can be a reason: some words, not one.
func Sentence(text string) bool {
	return len(text) >= 8 && strings.Contains(strings.TrimSpace(text), " ")
}
