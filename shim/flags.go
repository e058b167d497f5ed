package main

import (
	"flag"
	"fmt"
	"io"
	"path/filepath"

	"casemate/internal/exit"
)

// flags are the options of one command.
type flags struct {
	*flag.FlagSet
	stated map[string]bool
}

func newFlags(command string) *flags {
	f := &flags{flag.NewFlagSet(command, flag.ContinueOnError), map[string]bool{}}
	f.SetOutput(io.Discard)
	return f
}

// parse refuses an option that is stated and empty: were it taken for one that is left out, a
// variable of a unit that is not set would take the demand for a signature away. -h and --help
// are flag.ErrHelp.
func (f *flags) parse(args []string) error {
	err := f.Parse(args)
	f.Visit(func(o *flag.Flag) {
		f.stated[o.Name] = true
		switch value := o.Value.String(); {
		case value == "":
			err = fmt.Errorf("-%s is empty: leave it out, or give it a value", o.Name)
		case o.Name == "state" && !filepath.IsAbs(value):
			err = fmt.Errorf("-state %s: not an absolute path", value)
		}
	})
	return f.wrong(err)
}

// wrong is an error of the command line; nil for nil.
func (f *flags) wrong(err error) error {
	if err == nil {
		return nil
	}
	return exit.Wrap(exit.Usage, fmt.Errorf("%s: %w", f.Name(), err))
}

// state is where running services are kept: the same for who launches, asks and recovers, and so
// absolute, whatever directory each is started in.
func (f *flags) state() *string { return f.String("state", stateDir, "") }
