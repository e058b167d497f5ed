package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"casemate/policy/compile"
	"casemate/policy/explain"
)

// question is the command line of one explanation.
type question struct {
	arch, text string
	flatten    bool
	accounts   *compile.Options
}

// runExplain says what a policy does with one thing, and which line says so.
func runExplain(flags *flag.FlagSet, args []string) error {
	var q question
	flags.StringVar(&q.arch, "arch", "", "")
	flags.StringVar(&q.text, "text", "", "")
	flags.BoolVar(&q.flatten, "flatten", false, "")
	q.accounts = accountFlags(flags)
	if err := parse(flags, args); err != nil {
		return err
	}
	if flags.NArg() == 0 || flags.NArg() == 1 && !q.flatten {
		return usagef("explain: name a policy and what to explain: syscall NAME, cap NAME, path PATH, a number, a record of the log, or - for the log on standard input")
	}
	if q.flatten && flags.NArg() > 1 {
		return usagef("explain: --flatten takes a policy alone: %q", flags.Arg(1))
	}
	s, err := q.subject(flags.Arg(0))
	if err != nil {
		return err
	}
	if q.flatten {
		return flatten(os.Stdout, s)
	}
	a, err := q.answer(s, flags.Args()[1:])
	if err != nil {
		if errors.Is(err, errUsage) {
			return err
		}
		return fmt.Errorf("casemate: explain: %w", err)
	}
	if _, err := io.WriteString(os.Stdout, a.String()); err != nil {
		return err
	}
	if !a.Allowed {
		return errFound
	}
	return nil
}

func (q *question) subject(path string) (*subject, error) {
	s, err := examine(path, *q.accounts)
	if err != nil || q.text == "" {
		return s, err
	}
	return s, s.addText(q.text, *q.accounts)
}

// answer takes the words after the policy.
func (q *question) answer(s *subject, words []string) (*explain.Answer, error) {
	about := s.explained()
	kind, rest := words[0], words[1:]
	number := kind != "" && kind[0] >= '0' && kind[0] <= '9'
	if q.arch != "" && kind != "syscall" && !number {
		return nil, usagef("explain: --arch is about system calls: %q", kind)
	}
	switch {
	case kind == "syscall" && len(rest) > 0:
		return q.call(about, rest[0], rest[1:])
	case kind == "cap" && len(rest) == 1:
		return explain.Capability(about, rest[0])
	case kind == "path" && len(rest) == 1:
		return explain.Path(about, rest[0])
	case kind == "-" && len(rest) == 0:
		return logged(about, os.Stdin)
	case strings.Contains(kind, "=") && len(rest) == 0:
		r, err := explain.ParseRecord(kind)
		if err != nil {
			return nil, fmt.Errorf("the record: %w", err)
		}
		return explain.Log(about, r)
	case number && len(rest) == 0:
		return q.call(about, kind, nil)
	}
	return nil, usagef("explain: what to explain is syscall NAME [ARGUMENT=VALUE…], cap NAME, path PATH, a number, a record of the log, or -: %q", strings.Join(words, " "))
}

func (q *question) call(s *explain.Subject, word string, args []string) (*explain.Answer, error) {
	call, err := explain.ParseCall(word)
	if err != nil {
		return nil, err
	}
	arches, err := explain.Arches(s, q.arch, runtime.GOARCH)
	if err != nil {
		return nil, err
	}
	return explain.Syscall(s, arches, call, args)
}

// explained is the subject as explain wants it.
func (s *subject) explained() *explain.Subject {
	about := &explain.Subject{Policy: s.file.Policy}
	if s.text != nil {
		about.Rules, about.Text = &s.text.Rules, s.text.Text
	}
	return about
}

// flatten prints the effective policy as a text.
func flatten(w io.Writer, s *subject) error {
	var reasons map[string]string
	if s.text != nil {
		reasons = s.text.Reasons
	}
	text, err := explain.Flatten(s.explained(), reasons)
	if err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	_, err = io.WriteString(w, text)
	return err
}
