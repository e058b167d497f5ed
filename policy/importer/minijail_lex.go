package importer

import (
	"regexp"
	"strconv"
	"strings"

	"casemate/policy/filter"
)

// mjToken is a token of a minijail policy: kind is one of the signs, or 'w' for a word,
// 'n' for a number, '/' for a path.
type mjToken struct {
	kind string
	text string
}

var mjTokens = regexp.MustCompile(`^(?:` +
	`(\.?/\S+)|` +
	`(-?0[xX][0-9a-fA-F]+|-?[0-9]+)|` +
	`(@?[A-Za-z_][A-Za-z_0-9@-]*)|` +
	`(\|\||&&|==|!=|<=|>=|[:;,~(){}\[\]|&<>=!])` + `)`)

// mjLex splits a line; what stands behind # is a comment.
func mjLex(s Source, l logical) ([]mjToken, error) {
	var all []mjToken
	rest := l.text
	for {
		rest = strings.TrimLeft(rest, " \t\f\v")
		if rest == "" || rest[0] == '#' {
			return all, nil
		}
		m := mjTokens.FindStringSubmatch(rest)
		if m == nil {
			return nil, lineFault(s, l.number, clip(rest[:1]), "unexpected character")
		}
		for i, kind := range []string{"/", "n", "w", m[4]} {
			if m[i+1] != "" {
				all = append(all, mjToken{kind, m[i+1]})
			}
		}
		rest = rest[len(m[0]):]
	}
}

// mjLine is a line of tokens that is being read.
type mjLine struct {
	p      *mjPolicy
	source Source
	number int
	tokens []mjToken
	nest   int
}

func (l *mjLine) fail(format string, args ...any) error {
	token := ""
	if len(l.tokens) > 0 {
		token = l.tokens[0].text
	}
	return lineFault(l.source, l.number, token, format, args...)
}

func (l *mjLine) peek() mjToken {
	if len(l.tokens) == 0 {
		return mjToken{}
	}
	return l.tokens[0]
}

func (l *mjLine) take() mjToken {
	t := l.peek()
	if len(l.tokens) > 0 {
		l.tokens = l.tokens[1:]
	}
	return t
}

// accept takes the next token if it is this sign or word.
func (l *mjLine) accept(text string) bool {
	if l.peek().text != text || l.peek().kind == "" {
		return false
	}
	l.take()
	return true
}

// mjValue is a constant: its bits on each architecture, and how it is written where
// that is understood here too.
type mjValue struct {
	bits   []uint64 // in the order of the policy's architectures
	symbol string
}

// value reads constants joined by |.
func (l *mjLine) value() (mjValue, error) {
	v, err := l.constant()
	for err == nil && l.accept("|") {
		var next mjValue
		if next, err = l.constant(); err != nil {
			break
		}
		for i := range v.bits {
			v.bits[i] |= next.bits[i]
		}
		if v.symbol != "" && next.symbol != "" {
			v.symbol += "|" + next.symbol
		} else {
			v.symbol = ""
		}
	}
	return v, err
}

// maxParentheses bounds those of a constant.
const maxParentheses = 32

// constant reads a name, a number, or either in ( ) and behind ~.
func (l *mjLine) constant() (mjValue, error) {
	if l.accept("~") {
		if l.peek().text == "~" {
			return mjValue{}, l.fail("~ twice")
		}
		v, err := l.constant()
		for i := range v.bits {
			v.bits[i] = ^v.bits[i]
		}
		v.symbol = ""
		return v, err
	}
	if l.accept("(") {
		if l.nest++; l.nest > maxParentheses {
			return mjValue{}, l.fail("more than %d parentheses inside each other", maxParentheses)
		}
		v, err := l.value()
		l.nest--
		if err == nil && !l.accept(")") {
			err = l.fail("a ) is missing")
		}
		return v, err
	}
	return l.single()
}

func (l *mjLine) single() (mjValue, error) {
	t := l.peek()
	v := mjValue{bits: make([]uint64, len(l.p.calls.arches))}
	switch t.kind {
	case "n":
		n, err := cNumber(t.text)
		if err != nil {
			return v, l.fail("not a number of 64 bits")
		}
		for i := range v.bits {
			v.bits[i] = n
		}
	case "w":
		for i, arch := range l.p.calls.arches {
			bits, ok := filter.ConstantValue(arch, t.text)
			if !ok {
				l.p.unknown = t.text
			}
			v.bits[i] = bits
		}
		v.symbol = t.text
	default:
		return v, l.fail("a constant is wanted here")
	}
	l.take()
	return v, nil
}

// cNumber reads a number as strtol(3) does with base 0: a leading zero is octal.
func cNumber(s string) (uint64, error) {
	digits, negative := strings.CutPrefix(s, "-")
	base := 10
	switch {
	case strings.HasPrefix(digits, "0x"), strings.HasPrefix(digits, "0X"):
		digits, base = digits[2:], 16
	case len(digits) > 1 && digits[0] == '0':
		base = 8
	}
	n, err := strconv.ParseUint(digits, base, 64)
	if negative {
		if n > 1<<63 {
			return 0, strconv.ErrRange
		}
		n = -n
	}
	return n, err
}
