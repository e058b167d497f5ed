package filter

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

type kind uint8

const (
	tokenEnd kind = iota
	tokenName
	tokenNumber
	tokenSign // an operator or a bracket; token.text says which
)

type token struct {
	kind   kind
	text   string
	offset int
	number uint64
}

func (t token) fail(problem, hint string) *ExprError {
	return &ExprError{t.offset, t.text, problem, hint}
}

// is reports whether t is the given sign or word.
func (t token) is(text string) bool { return t.kind != tokenEnd && t.text == text }

// signs, the longer ones first.
var signs = []string{"&&", "||", "==", "!=", "<=", ">=", "<", ">", "&", "|", "!", "(", ")", "{", "}", ","}

// strangers are signs of other languages, with what to write here.
var strangers = map[byte]string{
	'=':  "equality is written ==",
	'~':  "name the bits: flags & (A|B) == 0",
	'^':  "only & and | are known",
	'+':  "only & and | are known",
	'-':  "comparisons are unsigned: write the bits, 0xffffffff for -1 in 32 bits",
	'*':  "only & and | are known",
	'/':  "only & and | are known",
	'%':  "only & and | are known",
	'[':  "a set is written {a, b}",
	'"':  "constants are written without quotes",
	'\'': "constants are written without quotes",
	';':  "parts are joined by && or ||",
}

// lex splits a condition into tokens; the last is a tokenEnd.
func lex(text string) ([]token, *ExprError) {
	var list []token
	for i := 0; ; {
		for i < len(text) && strings.IndexByte(" \t\r\n", text[i]) >= 0 {
			i++
		}
		if i == len(text) {
			return append(list, token{offset: i}), nil
		}
		t, err := next(text, i)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
		i += len(t.text)
	}
}

func next(text string, at int) (token, *ExprError) {
	rest := text[at:]
	t := token{offset: at}
	switch c := rest[0]; {
	case isLetter(c) || c == '@':
		t.kind, t.text = tokenName, rest[:wordEnd(rest)]
		return t, nil
	case isDigit(c):
		t.kind, t.text = tokenNumber, rest[:wordEnd(rest)]
		return number(t)
	}
	for _, s := range signs {
		if strings.HasPrefix(rest, s) {
			t.kind, t.text = tokenSign, s
			return t, nil
		}
	}
	_, size := utf8.DecodeRuneInString(rest)
	t.text = rest[:size]
	return t, t.fail("unexpected character", strangers[rest[0]])
}

// number reads decimal, 0x and 0o. A leading zero is refused: in C it means octal,
// in TOML it is an error, and in many eyes it means nothing.
func number(t token) (token, *ExprError) {
	digits, base := t.text, 10
	switch {
	case strings.HasPrefix(digits, "0x"):
		digits, base = digits[2:], 16
	case strings.HasPrefix(digits, "0o"):
		digits, base = digits[2:], 8
	case len(digits) > 1 && digits[0] == '0':
		return t, t.fail("a number with a leading zero", "write octal as 0o755, hexadecimal as 0x1ff")
	}
	var err error
	if t.number, err = strconv.ParseUint(digits, base, 64); err != nil {
		return t, t.fail("not a number of at most 64 bits", "")
	}
	return t, nil
}

// wordEnd is the length of the name or number at the start of s.
func wordEnd(s string) int {
	n := 1
	for n < len(s) && (isLetter(s[n]) || isDigit(s[n])) {
		n++
	}
	return n
}

func isLetter(c byte) bool { return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
