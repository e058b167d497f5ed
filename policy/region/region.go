package region

import (
	"fmt"
	"slices"
	"strings"

	"casemate/policy/filter"
	"casemate/policy/prove"
)

// mostTerms bounds the parts of one wording; what goes on longer is counted.
const mostTerms = 6

// Text words the calls of one system call that lie in any of the boxes, which must not
// be none. It is "" for all arguments.
func Text(arch filter.Arch, syscall string, boxes []prove.Box) string {
	w := wording{arch, syscall}
	boxes = Merge(boxes)
	more := max(0, len(boxes)-mostMerges)
	var parts []string
	for _, b := range boxes[:len(boxes)-more] {
		part := w.box(b)
		if part == "" {
			return ""
		}
		parts = append(parts, part)
	}
	if len(parts) == 1 {
		return parts[0]
	}
	for i := range parts {
		if strings.Contains(parts[i], " && ") {
			parts[i] = "(" + parts[i] + ")"
		}
	}
	if more += len(parts) - mostTerms; more > 0 {
		return strings.Join(parts[:mostTerms], " || ") + fmt.Sprintf(" || … (%d more)", more)
	}
	return strings.Join(parts, " || ")
}

// Either words a set of calls by itself, or where that takes several terms and its
// complement one, by that: "prot != 4". Neither list may be empty.
func Either(arch filter.Arch, syscall string, inside, outside []prove.Box) string {
	in, out := Text(arch, syscall, inside), Text(arch, syscall, outside)
	if !composed(in) || len(out) == 0 || len(out)+3 > len(in) {
		return in
	}
	if composed(out) {
		return "!(" + out + ")"
	}
	return negated.Replace(out)
}

func composed(text string) bool {
	return strings.Contains(text, " || ") || strings.Contains(text, " && ")
}

// negated turns one comparison around.
var negated = strings.NewReplacer(" == ", " != ", " != ", " == ", " not in ", " in ", " in ", " not in ", " <= ", " > ", " >= ", " < ")

// mostMerges bounds the boxes that are compared with one another.
const mostMerges = 256

// Merge joins boxes that differ in one word only, until there are none.
func Merge(boxes []prove.Box) []prove.Box {
	list := slices.Clone(boxes)
	if len(list) > mostMerges {
		return list
	}
	for i := 0; i < len(list); i++ {
		for j := i + 1; j < len(list); j++ {
			if word, ok := onlyWord(&list[i], &list[j]); ok {
				list[i][word] = list[i][word].Or(list[j][word])
				list = slices.Delete(list, j, j+1)
				i = -1 // what has grown may meet an earlier one
				break
			}
		}
	}
	return list
}

// onlyWord gives the one word in which two boxes differ.
func onlyWord(a, b *prove.Box) (prove.Word, bool) {
	found := prove.Word(-1)
	for w := range a {
		if a[w].Equal(b[w]) {
			continue
		}
		if found >= 0 {
			return 0, false
		}
		found = prove.Word(w)
	}
	return max(found, 0), true
}

// wording is of one system call.
type wording struct {
	arch    filter.Arch
	syscall string
}

// box words the arguments of a box, and the instruction pointer, which no policy of
// ours can ask for.
func (w wording) box(b prove.Box) string {
	var parts []string
	for i := range filter.MaxArgs {
		parts = append(parts, w.argument(w.named(i), b[prove.ArgLow(i)], b[prove.ArgHigh(i)]))
	}
	ip := filter.Arg{Names: []string{"instruction_pointer"}, Width: 64}
	parts = append(parts, w.argument(ip, b[prove.IPLow], b[prove.IPHigh]))
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	if len(parts) > 1 {
		for i := range parts {
			if strings.Contains(parts[i], " || ") {
				parts[i] = "(" + parts[i] + ")"
			}
		}
	}
	return strings.Join(parts, " && ")
}

// named is argument i of the call; one without a prototype has its number for a name.
func (w wording) named(i int) filter.Arg {
	for _, a := range filter.Args(w.arch, w.syscall) {
		if a.Index == i {
			return a
		}
	}
	return filter.Arg{Index: i, Names: []string{fmt.Sprintf("arg%d", i)}, Width: 64}
}

// Call writes a call: "mprotect(0x0, 0x0, 0x4)", as far as its prototype goes, or as
// the last argument that is not 0.
func Call(arch filter.Arch, c filter.Call) string {
	n := 0
	for i, a := range c.Args {
		if a != 0 {
			n = i + 1
		}
	}
	name := Name(arch, c.NR)
	n = max(n, len(filter.Args(arch, name)))
	args := make([]string, n)
	for i := range args {
		args[i] = fmt.Sprintf("%#x", c.Args[i])
	}
	return name + "(" + strings.Join(args, ", ") + ")"
}

// Name names a number of arch: a system call, one of the x32 ABI, or the number itself.
func Name(arch filter.Arch, nr uint32) string {
	if name, ok := filter.Name(arch, int(nr)); ok {
		return name
	}
	if nr == filter.Skipped {
		return "number -1, a call that a tracer skips"
	}
	if arch == filter.AMD64 && nr >= filter.X32Bit {
		return fmt.Sprintf("x32 number %d", nr-filter.X32Bit)
	}
	return fmt.Sprintf("number %d", nr)
}
