package filter

import "fmt"

// Limits of a condition.
const (
	MaxExpr = 4096 // bytes
	maxNest = 64   // parentheses and negations around one another
)

// Expr is the condition of one system call, names resolved. The same text can mean
// other numbers on another architecture (O_NOFOLLOW) or nothing at all (MAP_32BIT),
// so it is kept as one tree per architecture.
type Expr struct {
	Syscall string
	Text    string
	trees   [len(arches)]Node
	errs    [len(arches)]*ExprError // why there is no tree
}

// Tree gives the meaning on arch, or why the text has none there. The tree belongs
// to the Expr and must not be changed.
func (e *Expr) Tree(arch Arch) (Node, error) {
	i := arch.column()
	if i < 0 {
		return nil, fmt.Errorf("architecture %q: no condition can be compiled for it", arch)
	}
	if err := e.errs[i]; err != nil {
		return nil, err
	}
	return e.trees[i], nil
}

// Node is a condition or a part of one: *All, *Any, *Not or *Compare.
type Node interface{ isNode() }

type (
	// All is "&&".
	All struct{ Of []Node }

	// Any is "||".
	Any struct{ Of []Node }

	// Not is "!".
	Not struct{ Of Node }

	// Compare is "argument & Mask op value": unsigned, on the bits of Mask, which
	// never reach above the argument's width.
	Compare struct {
		Arg    Arg
		Mask   uint64
		Op     Op
		Values []uint64 // one, or one and more for In and NotIn
	}
)

func (*All) isNode()     {}
func (*Any) isNode()     {}
func (*Not) isNode()     {}
func (*Compare) isNode() {}

// Op is a comparison.
type Op uint8

// The comparisons.
const (
	Equal Op = iota
	NotEqual
	Less
	LessEqual
	Greater
	GreaterEqual
	In
	NotIn
)

var opText = [...]string{"==", "!=", "<", "<=", ">", ">=", "in", "not in"}

func (o Op) String() string { return opText[o] }

// ExprError says what is wrong with a condition's text and where.
type ExprError struct {
	Offset  int    // in bytes from the start of the text
	Token   string // the offending token; "" at the end of the text
	Problem string
	Hint    string // what to write instead; "" where there is nothing to say
}

func (e *ExprError) Error() string {
	s := fmt.Sprintf("offset %d: ", e.Offset)
	if e.Token == "" {
		s += "end of the condition: "
	} else {
		s += fmt.Sprintf("%q: ", e.Token)
	}
	s += e.Problem
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// Ops lists the comparisons as they are written, in the order of their constants.
func Ops() []string { return opText[:] }
