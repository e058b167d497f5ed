package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"casemate/internal/exit"
	"casemate/internal/sealed"
	"casemate/policy/audit"
	"casemate/policy/compile"

	"github.com/pelletier/go-toml/v2"
)

// auditCall is the command line of one audit.
type auditCall struct {
	format, failOn, level, today, baseline, text, keys string
	critical, list                                     bool
	accounts                                           *compile.Options
}

func (c *auditCall) flags(flags *flag.FlagSet) {
	flags.StringVar(&c.format, "format", "text", "")
	flags.StringVar(&c.failOn, "fail-on", "high", "")
	flags.StringVar(&c.level, "level", "immutable-host", "")
	flags.StringVar(&c.today, "today", time.Now().UTC().Format(time.DateOnly), "")
	flags.StringVar(&c.baseline, "baseline", "", "")
	flags.StringVar(&c.text, "text", "", "")
	flags.StringVar(&c.keys, "trusted-keys", "", "")
	flags.BoolVar(&c.critical, "allow-critical-waivers", false, "")
	flags.BoolVar(&c.list, "rules", false, "")
	c.accounts = accountFlags(flags)
}

// reportForms are the values of --format.
var reportForms = map[string]func(io.Writer, *audit.Run) error{
	"text": audit.WriteText, "json": audit.WriteJSON, "sarif": audit.WriteSARIF,
}

func runAudit(flags *flag.FlagSet, args []string) error {
	var c auditCall
	c.flags(flags)
	if err := parse(flags, args); err != nil {
		return err
	}
	if c.list {
		if flags.NArg() > 0 {
			return usagef("audit: --rules takes no policy: %q", flags.Arg(0))
		}
		return audit.WriteRules(os.Stdout)
	}
	write, ok := reportForms[c.format]
	if !ok {
		return usagef("audit: --format %q: not one of text, json, sarif", c.format)
	}
	run, err := c.run(flags.Args())
	if err != nil {
		return err
	}
	if err := write(os.Stdout, run); err != nil {
		return err
	}
	switch {
	case run.Unproved():
		return &exit.Error{Code: exit.ToolProof, Err: errors.New("a filter is not what its rules declare")}
	case run.Failed():
		return errFound
	}
	return nil
}

// run audits all policies, and all of them or none: a report that lacks one would be
// taken for a clean one.
func (c *auditCall) run(paths []string) (*audit.Run, error) {
	run, err := c.options()
	if err != nil {
		return nil, err
	}
	for i, path := range paths {
		switch {
		case len(path) > 1 && path[0] == '-':
			return nil, usagef("audit: options come before the policies: %q", path)
		case strings.ContainsFunc(path, func(r rune) bool { return !unicode.IsPrint(r) }):
			return nil, usagef("audit: %q: the name of the file is not printable", path) // reports are shown at terminals
		case slices.Contains(paths[:i], path):
			return nil, usagef("audit: named twice: %q", path)
		}
	}
	switch {
	case len(paths) == 0:
		return nil, usagef("audit: name a policy")
	case c.text != "" && len(paths) != 1:
		return nil, usagef("audit: --text goes with one sealed policy")
	}
	run.Reports = make([]*audit.Report, len(paths))
	errs := make([]error, len(paths))
	inParallel(len(paths), func(i int) {
		var s *audit.Subject
		if s, errs[i] = c.subject(paths[i]); errs[i] == nil {
			run.Reports[i] = audit.Audit(s, run.Options)
		}
	})
	return run, errors.Join(errs...)
}

// inParallel calls f for 0 to n-1, on as many threads as there are processors.
func inParallel(n int, f func(int)) {
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(n, runtime.NumCPU()) {
		wg.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

// options reads the words and files of the command line.
func (c *auditCall) options() (*audit.Run, error) {
	run := &audit.Run{Version: compile.Version}
	o := &run.Options
	o.AllowCriticalWaivers = c.critical
	var err error
	if o.Level, err = audit.ParseLevel(c.level); err != nil {
		return nil, usagef("audit: --level: %v", err)
	}
	if run.FailOn, err = audit.ParseSeverity(c.failOn); err != nil {
		return nil, usagef("audit: --fail-on: %v", err)
	}
	if err := o.Today.UnmarshalText([]byte(c.today)); err != nil || o.Today == (toml.LocalDate{}) {
		return nil, usagef("audit: --today %q: not a day, such as 2027-06-30", c.today)
	}
	if c.keys != "" {
		b, err := readAtMost(c.keys, maxKeys)
		if err != nil {
			return nil, err
		}
		if o.Keys, err = sealed.ParsePublicKeys(b); err != nil {
			return nil, fmt.Errorf("%s: %w", c.keys, err)
		}
	}
	if c.baseline != "" {
		b, err := readAtMost(c.baseline, audit.MaxKnown)
		if err != nil {
			return nil, err
		}
		if o.Known, err = audit.ReadKnown(b); err != nil {
			return nil, fmt.Errorf("%s: %w", c.baseline, err)
		}
	}
	return run, nil
}

// maxKeys bounds a trusted-keys file.
const maxKeys = 1 << 20

// readAtMost reads a file, and one byte more than the bound so that its reader can tell.
func readAtMost(path string, most int64) ([]byte, error) {
	f, err := openNow(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most+1))
}

// subject reads one policy, with its text where there is one.
func (c *auditCall) subject(path string) (*audit.Subject, error) {
	s, err := examine(path, *c.accounts)
	if err != nil {
		return nil, err
	}
	out := &audit.Subject{Path: path, File: s.file, Sealed: s.text == nil}
	if c.text != "" {
		out.Text, err = c.textOf(s)
	} else if s.text != nil {
		out.Text = &audit.Text{File: s.text.Text, Rules: s.text.Rules, Policy: s.file.Policy}
	}
	return out, err
}

// textOf is the text of a sealed policy. Its bases and groups may have changed since it
// was sealed: that is for the audit to say.
func (c *auditCall) textOf(s *subject) (*audit.Text, error) {
	r, err := s.recompile(c.text, *c.accounts)
	if err != nil {
		return nil, err
	}
	now, err := sealedForm(c.text, r)
	if err != nil {
		return nil, err
	}
	return &audit.Text{File: r.Text, Rules: r.Rules, Policy: now.Policy}, nil
}
