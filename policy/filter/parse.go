package filter

import "fmt"

// ParseExpr reads the condition of a system call:
//
//	condition  = both { "||" both }
//	both       = comparison { "&&" comparison }
//	comparison = word [ ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) word
//	                  | [ "not" ] "in" "{" word { "," word } "}" ]
//	word       = mask { "|" mask }
//	mask       = operand { "&" operand }
//	operand    = number | name | "(" condition ")" | "!" operand
//
// "&" AND "|" BIND TIGHTER THAN "==". This is not C: flags & O_CREAT == 0 means
// (flags & O_CREAT) == 0 here, which is what everybody who writes it means.
//
// An argument stands on the left of a comparison, alone or under masks made of
// constants. Comparisons are unsigned, on the argument's width. A comparison that
// holds always or never is refused: it is a slip, or a constant that this
// architecture lacks (O_LARGEFILE is 0 on 64-bit ones).
//
// Every error is an *ExprError.
func ParseExpr(syscall, text string) (*Expr, error) {
	if !Known(syscall) {
		return nil, &ExprError{0, syscall, "unknown system call", didYouMean(Suggest(syscall))}
	}
	if len(text) > MaxExpr {
		return nil, &ExprError{MaxExpr, "", fmt.Sprintf("longer than %d bytes", MaxExpr), ""}
	}
	tokens, bad := lex(text)
	if bad != nil {
		return nil, bad
	}
	e := &Expr{Syscall: syscall, Text: text}
	var first *ExprError
	parsed := false
	for i, arch := range arches {
		if _, ok := Number(arch, syscall); !ok {
			e.errs[i] = &ExprError{0, syscall, fmt.Sprintf("no such system call on %s", arch), ""}
			continue
		}
		p := &parser{arch: arch, syscall: syscall, args: Args(arch, syscall), tokens: tokens}
		if e.trees[i], e.errs[i] = p.parse(); e.errs[i] == nil {
			parsed = true
		} else if first == nil {
			first = e.errs[i]
		}
	}
	if !parsed {
		return nil, first
	}
	return e, nil
}

func didYouMean(name string) string {
	if name == "" {
		return ""
	}
	return "did you mean " + name + "?"
}

// parser reads one condition for one architecture. Its methods return a term.
type parser struct {
	arch    Arch
	syscall string
	args    []Arg
	tokens  []token
	nest    int
}

// term is what a part of the text stands for: a condition (node), or a word.
type term struct {
	first token
	node  Node // nil for a word
	word
}

// word is an argument under a mask, or a constant.
type word struct {
	arg      *Arg // nil for a constant
	mask     uint64
	value    uint64
	negative bool // value is a constant like AT_FDCWD, sign extended to 64 bits
}

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) take() token {
	t := p.tokens[0]
	if t.kind != tokenEnd {
		p.tokens = p.tokens[1:]
	}
	return t
}

// accept takes the next token if it is text.
func (p *parser) accept(text string) bool {
	if !p.peek().is(text) {
		return false
	}
	p.take()
	return true
}

func (p *parser) parse() (Node, *ExprError) {
	t, err := p.any()
	if err != nil {
		return nil, err
	}
	if rest := p.peek(); rest.kind != tokenEnd {
		return nil, rest.fail("unexpected here", afterHint(rest))
	}
	return t.condition()
}

func afterHint(t token) string {
	switch t.text {
	case "and":
		return "write &&"
	case "or":
		return "write ||"
	case ")":
		return "there is no ( for it"
	}
	return "parts are joined by && or ||"
}

// condition is the term as a condition.
func (t term) condition() (Node, *ExprError) {
	if t.node == nil {
		return nil, t.first.fail("a number, not a condition", "compare it: … != 0")
	}
	return t.node, nil
}

// number is the term as a word.
func (t term) number() (word, *ExprError) {
	if t.node != nil {
		return word{}, t.first.fail("a condition where a number is wanted", "conditions are joined by && and ||")
	}
	return t.word, nil
}

func (p *parser) any() (term, *ExprError) {
	return p.joined("||", p.all, func(of []Node) Node { return &Any{of} })
}

func (p *parser) all() (term, *ExprError) {
	return p.joined("&&", p.comparison, func(of []Node) Node { return &All{of} })
}

// joined reads parts with the sign between them. One part alone stays what it is.
func (p *parser) joined(sign string, part func() (term, *ExprError), join func([]Node) Node) (term, *ExprError) {
	t, err := part()
	if err != nil || !p.peek().is(sign) {
		return t, err
	}
	var of []Node
	for {
		n, err := t.condition()
		if err != nil {
			return term{}, err
		}
		of = append(of, n)
		if !p.accept(sign) {
			return term{first: t.first, node: join(of)}, nil
		}
		if t, err = part(); err != nil {
			return term{}, err
		}
	}
}
