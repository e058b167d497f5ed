package main

import (
	"fmt"
	"io"

	"casemate/internal/exit"
	"casemate/internal/prepare"
	"casemate/internal/sealed"
	"casemate/internal/verify"
)

// Exit statuses of casemate-shim status, as systemctl(1) and LSB have them.
const (
	statusRuns  = 0
	statusDead  = 1 // its shim was killed, and has left its state
	statusEnded = 3
)

// statusCommand prints the receipt of a running service, or of the last one of the name that
// has ended, and how: for people, or the JSON text itself.
func statusCommand(w io.Writer, args []string) (int, error) {
	fs := newFlags("status")
	state := fs.state()
	asJSON := fs.Bool("json", false, "")
	if err := fs.parse(args); err != nil {
		return 0, err
	}
	if fs.NArg() != 1 {
		return 0, errUsage
	}
	if !sealed.ValidService(fs.Arg(0)) {
		return 0, exit.Wrap(exit.Usage, fmt.Errorf("status: %.80q is no name of a service", fs.Arg(0)))
	}
	found, err := look(*state, fs.Arg(0))
	if err == nil {
		err = found.show(w, *asJSON)
	}
	if err != nil {
		return 0, exit.Wrap(exit.Usage, err)
	}
	return found.code, nil
}

// standing is what is known of a service.
type standing struct {
	service string
	code    int
	receipt []byte // of the one that runs, or whose shim was killed
	end     []byte // of the last one that has ended
}

// look asks once more where a service seems to have ended between two questions: one that
// ends takes its receipt along.
func look(state, service string) (s standing, err error) {
	s.service = service
	for range 2 {
		if s.receipt, err = prepare.ReadReceipt(state, service); err != nil {
			return s, err
		}
		if s.end, err = prepare.ReadEnd(state, service); err != nil {
			return s, err
		}
		runs, err := prepare.Running(state, service)
		if err != nil {
			return s, err
		}
		switch {
		case s.receipt == nil && s.end == nil:
			return s, fmt.Errorf("%s is not running", service)
		case s.receipt == nil:
			s.code = statusEnded
			return s, nil
		case runs:
			s.code = statusRuns
			return s, nil
		}
		s.code = statusDead
	}
	return s, nil
}

// show prints what is known.
func (s standing) show(w io.Writer, asJSON bool) error {
	text := s.receipt
	if s.code == statusEnded {
		text = s.end
	}
	r, err := verify.DecodeReceipt(text)
	if err != nil {
		return err
	}
	if asJSON {
		_, err := w.Write(text)
		return err
	}
	if s.code == statusDead {
		fmt.Fprintf(w, "%s: its shim was killed; casemate-shim recover removes what it has left\n", s.service)
	}
	r.Print(w)
	if s.code == statusEnded || s.end == nil {
		return nil
	}
	last, err := verify.DecodeReceipt(s.end)
	if err != nil {
		return fmt.Errorf("the record of the last end: %w", err)
	}
	last.PrintEnd(w)
	return nil
}
