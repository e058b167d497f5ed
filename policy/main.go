// Casemate compiles policies, shows what is in a sealed one, and prints the launch
// that it leads to. It is the tool of those who build an image; nothing of it runs
// at boot.
//
// This package is wiring: it reads arguments and files, calls the rooms, prints and
// exits. It imports them all, and with them libseccomp through cgo.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"casemate/internal/exit"
)

// command is one word of the command line.
type command struct {
	name string
	run  func(*flag.FlagSet, []string) error
}

var commands = []command{
	{"compile", runCompile}, {"check", runCheck}, {"show", runShow}, {"plan", runPlan}, {"run", runRun},
	{"diff", runDiff}, {"audit", runAudit}, {"explain", runExplain},
	{"import", runImport},
	{"schema", runSchema}, {"keygen", runKeygen}, {"version", runVersion},
}

func main() {
	// A run allocates some tens of megabytes and ends. To collect in between took a tenth of
	// a compile's processor time, and three quarters of it in a machine that is emulated,
	// where the collector's threads wait for each other. A large proof still does.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(256 << 20)
	os.Exit(run(os.Args[1:]))
}

// run gives the exit code of a command line.
func run(args []string) int {
	err := dispatch(args)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errFound):
		// All is said.
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, err)
		fmt.Fprintln(os.Stderr, "casemate help says more")
	default:
		// Policy errors begin with their file, as a compiler's do.
		fmt.Fprintln(os.Stderr, err)
	}
	return codeOf(err)
}

// codeOf is the exit code that an error ends the tool with.
func codeOf(err error) int {
	var coded *exit.Error
	if errors.As(err, &coded) {
		return coded.Code
	}
	return exit.ToolInput
}

// errFound is what a command ends with that has printed what it was asked for, and that
// is a finding.
var errFound = &exit.Error{Code: exit.ToolFindings, Err: errors.New("findings")}

// errUsage marks a wrong command line.
var errUsage = errors.New("casemate")

func usagef(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUsage, fmt.Sprintf(format, args...))
}

func dispatch(args []string) error {
	if len(args) == 0 {
		return usagef("no command")
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		_, err := io.WriteString(os.Stdout, usage)
		return err
	case "-V", "--version":
		args = append([]string{"version"}, args[1:]...)
	}
	for _, c := range commands {
		if c.name != args[0] {
			continue
		}
		flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		err := c.run(flags, args[1:])
		if errors.Is(err, flag.ErrHelp) {
			_, err = io.WriteString(os.Stdout, usage)
		}
		return err
	}
	return usagef("no such command: %q", args[0])
}

// one parses the flags of a command that takes one argument.
func one(flags *flag.FlagSet, args []string, what string) (string, error) {
	if err := parse(flags, args); err != nil {
		return "", err
	}
	switch {
	case flags.NArg() == 0:
		return "", usagef("%s: name a %s", flags.Name(), what)
	case flags.NArg() > 1 && strings.HasPrefix(flags.Arg(1), "-"):
		return "", usagef("%s: options come before the %s: %q", flags.Name(), what, flags.Arg(1))
	case flags.NArg() > 1:
		return "", usagef("%s: one %s at a time: %q", flags.Name(), what, flags.Arg(1))
	}
	return flags.Arg(0), nil
}

// none parses the flags of a command without arguments.
func none(flags *flag.FlagSet, args []string) error {
	if err := parse(flags, args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return usagef("%s: takes no argument: %q", flags.Name(), flags.Arg(0))
	}
	return nil
}

func parse(flags *flag.FlagSet, args []string) error {
	err := flags.Parse(args)
	if err != nil && !errors.Is(err, flag.ErrHelp) { // -h, -help, --help
		return usagef("%s: %v", flags.Name(), err)
	}
	// What is stated and empty is not left out: a variable of a build that is not set would take
	// the signature away.
	flags.Visit(func(f *flag.Flag) {
		if g, ok := f.Value.(flag.Getter); ok && g.Get() == "" && err == nil {
			err = usagef("%s: -%s is empty: leave it out, or give it a value", flags.Name(), f.Name)
		}
	})
	return err
}
