package importer

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"casemate/policy/syntax"
)

// logical is a line of a source, put together from those that a backslash joins.
type logical struct {
	number int // of its first line
	text   string
}

// Bounds of a text of lines.
const (
	maxLines = 20000
	maxLine  = 64 << 10
)

// logicalLines splits a text into lines, joining those that end in a backslash by the
// given text. A line for which skip holds is none, not even as a continuation; where
// skip is nil every line counts.
func logicalLines(s Source, glue string, skip func(string) bool) ([]logical, error) {
	if !utf8.Valid(s.Text) {
		return nil, lineFault(s, 1, "", "not valid UTF-8")
	}
	if bytes.IndexByte(s.Text, 0) >= 0 {
		return nil, lineFault(s, 1+bytes.Count(s.Text[:bytes.IndexByte(s.Text, 0)], []byte("\n")), "", "a NUL byte")
	}
	var all []logical
	var open *logical
	n := 0
	for line := range strings.Lines(string(s.Text)) {
		if n++; n > maxLines {
			return nil, lineFault(s, n, "", "more than %d lines", maxLines)
		}
		line = strings.TrimRight(line, "\r\n")
		if skip != nil && skip(line) {
			continue
		}
		body, more := strings.CutSuffix(line, `\`)
		if open == nil {
			all = append(all, logical{n, body})
			open = &all[len(all)-1]
		} else {
			open.text += glue + body
		}
		if len(open.text) > maxLine {
			return nil, lineFault(s, n, "", "a line of more than %d bytes", maxLine)
		}
		if !more {
			open = nil
		}
	}
	return all, nil
}

// lineFault is an error in a line.
func lineFault(s Source, line int, token, format string, args ...any) error {
	var errs syntax.Errors
	errs.Add(syntax.Position{File: s.Name, Line: line, Col: 1}, token, "", format, args...)
	return errs
}

// clip bounds what a comment shows of a text.
func clip(s string) string {
	if len(s) > shown {
		return strToValid(s[:shown]) + "…"
	}
	return s
}
