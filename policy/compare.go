package main

import (
	"flag"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"casemate/policy/compile"
	"casemate/policy/diff"
	"casemate/policy/report"
)

// runDiff tells whether a policy confines less than another.
func runDiff(flags *flag.FlagSet, args []string) error {
	format := flags.String("format", "text", "")
	options := accountFlags(flags)
	if err := parse(flags, args); err != nil {
		return err
	}
	if flags.NArg() != 2 {
		return usagef("diff: name the old policy and the new one, after the options")
	}
	write, ok := diffFormats[*format]
	if !ok {
		return usagef("diff: --format: %q: not one of %s", *format, strings.Join(slices.Sorted(maps.Keys(diffFormats)), ", "))
	}
	r, err := compare(flags.Arg(0), flags.Arg(1), *options)
	if err != nil {
		return err
	}
	if err := write(os.Stdout, r); err != nil {
		return err
	}
	return passes(r)
}

// passes is errFound where a build must not go on.
func passes(r *diff.Report) error {
	if !r.Order.Passes() {
		return errFound
	}
	return nil
}

func compare(old, new string, o compile.Options) (*diff.Report, error) {
	before, err := examine(old, o)
	if err != nil {
		return nil, err
	}
	after, err := examine(new, o)
	if err != nil {
		return nil, err
	}
	return diff.Compare(before.side(), after.side())
}

// side is the subject as diff wants it.
func (s *subject) side() diff.Side {
	side := diff.Side{Name: s.path, Policy: s.file.Policy}
	if s.text != nil {
		side.Rules, side.Text = &s.text.Rules, s.text.Text
	}
	return side
}

var diffFormats = map[string]func(io.Writer, *diff.Report) error{
	"text": func(w io.Writer, r *diff.Report) error {
		_, err := io.WriteString(w, r.Text())
		return err
	},
	"json":  func(w io.Writer, r *diff.Report) error { return report.JSON(w, r) },
	"sarif": func(w io.Writer, r *diff.Report) error { return r.SARIF(w, compile.Version) },
}
