package importer

import (
	"fmt"
	"strings"
)

// item is one thing that a source says: a leaf of a JSON text, a line of a unit. It
// is open until someone answers for it; what is still open at the end is reported as
// not translated.
type item struct {
	text string // as the comments show it
	line int
	done bool
}

// Source is one file that is imported.
type Source struct {
	Name string // as positions have it
	Dir  string // absolute; paths of a bundle are relative to it. "" where not known
	Text []byte
}

// Need is a reason that the compiler asks for before it grants something.
type Need struct {
	Key    string // as [why] has it: "capabilities.NET_ADMIN"
	Danger string // what the grant opens
}

// Judge says what is wrong with the text of a policy: the reasons that it lacks, and
// all faults, as syntax.Errors.
type Judge func(text []byte) ([]Need, error)

// kind of a comment.
type kind uint8

const (
	skipped kind = iota // an item that is not carried over
	reason              // a grant that waits for a reason
	fill                // something that a person has to write
	held                // items that hold by default
	remark              // what differs, and why
)

var kindWords = [...]string{"not translated: ", "needs a reason: ", "fill in: ", "already so by default: ", "note: "}

// comment is one comment of the text. Those of one kind with one reason are joined.
type comment struct {
	kind  kind
	items []string
	why   string
}

// comments of each section, in the order in which they were made.
type comments struct {
	of   map[string][]*comment
	like map[alike]*comment
}

// alike is what comments that are joined have in common.
type alike struct {
	section string
	kind    kind
	why     string
}

func newComments() *comments {
	return &comments{map[string][]*comment{}, map[alike]*comment{}}
}

func (c *comments) add(section string, k kind, why string, items ...string) {
	key := alike{section, k, why}
	if old := c.like[key]; old != nil {
		old.items = append(old.items, items...)
		return
	}
	c.like[key] = &comment{kind: k, items: items, why: why}
	c.of[section] = append(c.of[section], c.like[key])
}

// count gives the number of items of a kind.
func (c *comments) count(k kind) int {
	n := 0
	for _, list := range c.of {
		for _, one := range list {
			if one.kind == k {
				n += max(len(one.items), 1)
			}
		}
	}
	return n
}

// text of a comment, without the signs before its lines.
func (c *comment) text() string {
	s := kindWords[c.kind] + strings.Join(c.items, ", ")
	switch {
	case c.why == "":
	case len(c.items) == 0:
		s += c.why
	default:
		s += fmt.Sprintf(" (%s)", c.why)
	}
	return s
}
