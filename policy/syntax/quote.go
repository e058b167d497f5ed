package syntax

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

var bareKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// QuoteKey writes a key as TOML, bare where that is allowed.
func QuoteKey(s string) string {
	if bareKey.MatchString(s) {
		return s
	}
	return QuoteText(s)
}

// QuoteText writes a basic string of TOML: Go's escapes are not TOML's. What is not
// plain text is escaped: control characters, and those that reorder it.
func QuoteText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == unicode.ReplacementChar, r != ' ' && !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
