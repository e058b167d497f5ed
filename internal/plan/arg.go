package plan

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
)

// ArgKind is what an argument is.
type ArgKind uint8

// The kinds.
const (
	KindInt     ArgKind = iota // Int
	KindSlot                   // a descriptor by the name of its slot, Text
	KindString                 // a pointer to Text and a NUL
	KindBytes                  // a pointer to Data, which Text or the parts describe
	KindFilter                 // a pointer to a struct sock_fprog for Data
	KindStrings                // a NULL-terminated vector of the strings in more
)

// Arg is one argument of a system call, with what a reviewer reads. The text is made
// when somebody prints it: a boot does not.
type Arg struct {
	Kind ArgKind
	Int  uint64
	Text string
	Data []byte
	more any // *Names of a set of flags, []Arg of a structure, []string of a vector
}

// Num is a number, printed in decimal.
func Num(v uint64) Arg { return Arg{Int: v} }

// Named is a number that is printed by its name.
func Named(v uint64, text string) Arg { return Arg{Int: v, Text: text} }

// Mode is a number printed in octal.
func Mode(v uint32) Arg { return Arg{Int: uint64(v), more: octal{}} }

type octal struct{}

// Null is a NULL pointer.
func Null() Arg { return Arg{Text: "NULL"} }

// Slot is the descriptor in a slot.
func Slot(name string) Arg { return Arg{Kind: KindSlot, Text: name} }

// String is a NUL-terminated string.
func String(s string) Arg { return Arg{Kind: KindString, Text: s} }

// Bytes is a structure or buffer that text describes.
func Bytes(text string, data []byte) Arg { return Arg{Kind: KindBytes, Text: text, Data: data} }

// Struct is a structure that its parts describe.
func Struct(data []byte, parts ...Arg) Arg { return Arg{Kind: KindBytes, Data: data, more: parts} }

// Filter is a seccomp program.
func Filter(program []byte) Arg { return Arg{Kind: KindFilter, Data: program} }

// Strings is an argument vector or environment.
func Strings(list []string) Arg { return Arg{Kind: KindStrings, more: list} }

// List is the strings of a vector.
func (a Arg) List() []string {
	list, _ := a.more.([]string)
	return list
}

// Names are the flags of one argument, in the order of printing.
type Names []Flag

// Flag is one named bit of a set of flags.
type Flag struct {
	Bit  uint64
	Name string
}

// Flags is a set of flags printed by name. Bits that the table does not name are a
// broken invariant: a reviewer must see every one.
func Flags(v uint64, table *Names) Arg {
	rest := v
	for _, f := range *table {
		rest &^= f.Bit
	}
	if rest != 0 {
		panic(fmt.Sprintf("BUG: flag %#x without a name", rest))
	}
	return Arg{Int: v, more: table}
}

// in lists the names of the bits that v has.
func (n *Names) in(v uint64) string {
	var names []string
	for _, f := range *n {
		if v&f.Bit != 0 {
			names = append(names, f.Name)
		}
	}
	if v == 0 {
		return "0"
	}
	return strings.Join(names, "|")
}

// String prints the argument as strace(1) would.
func (a Arg) String() string {
	switch a.Kind {
	case KindSlot:
		return a.Text
	case KindString:
		return strconv.Quote(a.Text)
	case KindFilter:
		return fmt.Sprintf("{%d instructions, sha256 %.8x}", len(a.Data)/8, sha256.Sum256(a.Data))
	}
	switch more := a.more.(type) {
	case []string:
		return fmt.Sprintf("%q", more)
	case *Names:
		return more.in(a.Int)
	case octal:
		return fmt.Sprintf("%#o", a.Int)
	case []Arg:
		words := make([]string, len(more))
		for i, p := range more {
			words[i] = p.String()
		}
		return "{" + strings.Join(words, " ") + "}"
	}
	if a.Text != "" {
		return a.Text
	}
	return strconv.FormatUint(a.Int, 10)
}
