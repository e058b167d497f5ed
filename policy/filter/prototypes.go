package filter

import (
	_ "embed" // prototypes.txt
	"fmt"
	"strings"
	"sync"
)

//go:embed prototypes.txt
var prototypeText string

// Arg is one argument of a system call.
type Arg struct {
	Index   int      // of seccomp_data.args
	Names   []string // the first is the man page's
	Width   uint     // how many low bits count: 16, 32 or 64
	Pointer bool     // may not be compared; Width is 64
}

// Mask has the bits of the argument that count.
func (a Arg) Mask() uint64 { return ^uint64(0) >> (64 - a.Width) }

func (a Arg) named(name string) bool {
	for _, n := range a.Names {
		if n == name {
			return true
		}
	}
	return false
}

// maxArgs is the length of seccomp_data.args.
const MaxArgs = 6

var prototypes = sync.OnceValue(func() map[Arch]map[string][]Arg {
	t, err := parsePrototypes(prototypeText)
	if err != nil {
		panic("BUG: prototypes.txt: " + err.Error())
	}
	return t
})

// Args gives the arguments of a system call that conditions know about, in
// register order; none where the table has no prototype.
func Args(arch Arch, syscall string) []Arg { return prototypes()[arch][syscall] }

func parsePrototypes(text string) (map[Arch]map[string][]Arg, error) {
	t := make(map[Arch]map[string][]Arg)
	for _, arch := range arches {
		t[arch] = make(map[string][]Arg)
	}
	for i, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if err := addPrototype(t, fields[0], fields[1:]); err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", i+1, fields[0], err)
		}
	}
	return t, nil
}

// addPrototype puts one line under the architectures that have the system call.
func addPrototype(t map[Arch]map[string][]Arg, head string, fields []string) error {
	args, err := parseArgs(fields)
	if err != nil {
		return err
	}
	name, only, bound := strings.Cut(head, "@")
	found := false
	for _, arch := range arches {
		if bound && arch != Arch(only) {
			continue
		}
		if _, ok := Number(arch, name); !ok {
			continue
		}
		if _, dup := t[arch][name]; dup {
			return fmt.Errorf("written twice for %s", arch)
		}
		t[arch][name] = args
		found = true
	}
	if !found {
		return fmt.Errorf("no architecture has it")
	}
	return nil
}

func parseArgs(fields []string) ([]Arg, error) {
	if len(fields) == 0 || len(fields) > MaxArgs {
		return nil, fmt.Errorf("%d arguments", len(fields))
	}
	var args []Arg
	for i, f := range fields {
		names, width, _ := strings.Cut(f, ":")
		a := Arg{Index: i, Names: strings.Split(names, "|")}
		switch width {
		case "16":
			a.Width = 16
		case "32":
			a.Width = 32
		case "64":
			a.Width = 64
		case "ptr":
			a.Width, a.Pointer = 64, true
		default:
			return nil, fmt.Errorf("argument %q: no width", f)
		}
		for _, n := range a.Names {
			if n == "" || n == "in" || n == "not" {
				return nil, fmt.Errorf("argument %q: %q cannot be a name", f, n)
			}
			for _, b := range args {
				if b.named(n) {
					return nil, fmt.Errorf("argument %q: %q is a name of argument %d too", f, n, b.Index)
				}
			}
		}
		args = append(args, a)
	}
	return args, nil
}
