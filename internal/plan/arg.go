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
	KindSlot                   // a descriptor by the name of its slot
	KindString                 // a pointer to Str and a NUL
	KindBytes                  // a pointer to Data, which Text describes
	KindFilter                 // a pointer to a struct sock_fprog for Data
	KindStrings                // a NULL-terminated vector of List
)

// Arg is one argument of a system call, with the text a reviewer reads.
type Arg struct {
	Kind ArgKind
	Int  uint64
	Str  string // KindString: the string; KindSlot: the slot
	Data []byte
	List []string
	Text string // printed in place of the number or the bytes
}

// Num is a number, printed in decimal.
func Num(v uint64) Arg { return Arg{Int: v} }

// Named is a number that is printed by its name.
func Named(v uint64, text string) Arg { return Arg{Int: v, Text: text} }

// Mode is a number printed in octal.
func Mode(v uint32) Arg { return Arg{Int: uint64(v), Text: fmt.Sprintf("%#o", v)} }

// Null is a NULL pointer.
func Null() Arg { return Arg{Text: "NULL"} }

// Slot is the descriptor in a slot.
func Slot(name string) Arg { return Arg{Kind: KindSlot, Str: name} }

// String is a NUL-terminated string.
func String(s string) Arg { return Arg{Kind: KindString, Str: s} }

// Bytes is a structure or buffer that text describes.
func Bytes(text string, data []byte) Arg { return Arg{Kind: KindBytes, Text: text, Data: data} }

// Filter is a seccomp program.
func Filter(program []byte) Arg { return Arg{Kind: KindFilter, Data: program} }

// Strings is an argument vector or environment.
func Strings(list []string) Arg { return Arg{Kind: KindStrings, List: list} }

// Flag is one named bit of a set of flags.
type Flag struct {
	Bit  uint64
	Name string
}

// Flags is a set of flags printed by name, in the order of the table. Bits that
// the table does not name are a broken invariant: a reviewer must see every one.
func Flags(v uint64, table []Flag) Arg {
	var names []string
	rest := v
	for _, f := range table {
		if v&f.Bit == f.Bit && f.Bit != 0 && rest&f.Bit != 0 {
			names = append(names, f.Name)
			rest &^= f.Bit
		}
	}
	if rest != 0 {
		panic(fmt.Sprintf("BUG: flag %#x without a name", rest))
	}
	if v == 0 {
		names = []string{"0"}
	}
	return Arg{Int: v, Text: strings.Join(names, "|")}
}

// String prints the argument as strace(1) would.
func (a Arg) String() string {
	switch {
	case a.Kind == KindSlot:
		return a.Str
	case a.Kind == KindString:
		return strconv.Quote(a.Str)
	case a.Kind == KindFilter:
		return fmt.Sprintf("{%d instructions, sha256 %.8x}", len(a.Data)/8, sha256.Sum256(a.Data))
	case a.Kind == KindStrings:
		return fmt.Sprintf("%q", a.List)
	case a.Text != "":
		return a.Text
	}
	return strconv.FormatUint(a.Int, 10)
}
