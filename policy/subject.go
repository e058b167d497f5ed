package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"

	"casemate/internal/sealed"
	"casemate/policy/compile"
	"casemate/policy/diff"
)

// subject is a policy that is looked at: a sealed file, or a text that was compiled
// for the purpose.
type subject struct {
	path string
	file *sealed.File
	text *compile.Result // nil for a sealed file: its rules and lines are not in it
}

// examine takes a policy in either form, told apart by the first bytes.
func examine(path string, o compile.Options) (*subject, error) {
	isSealed, err := startsSealed(path)
	if err != nil {
		return nil, err
	}
	if isSealed {
		f, err := open(path)
		return &subject{path: path, file: f}, err
	}
	r, err := compile.Compile(path, o)
	if err != nil {
		return nil, err
	}
	f, err := sealedForm(path, r)
	return &subject{path, f, r}, err
}

// sealedForm is a compiled policy as it is read back when it is sealed.
func sealedForm(path string, r *compile.Result) (*sealed.File, error) {
	b, err := sealed.Encode(r.Policy, nil)
	if err != nil {
		return nil, err
	}
	f, err := sealed.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("BUG: %s: what was sealed cannot be decoded: %w", path, err)
	}
	return f, nil
}

// openNow opens a file to be read. A FIFO in place of it does not hold a build up: one
// that nobody writes to is empty, and one that somebody does is read to its end.
func openNow(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

func startsSealed(path string) (bool, error) {
	f, err := openNow(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, len(sealed.Magic))
	_, err = io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	return bytes.Equal(head, []byte(sealed.Magic)), nil
}

// recompile compiles the text of a sealed policy again. It has to be the text that the
// policy was made from: another one's lines say nothing about this policy.
func (s *subject) recompile(path string, o compile.Options) (*compile.Result, error) {
	if s.text != nil {
		return nil, fmt.Errorf("%s: it is a text itself, and has no other", s.path)
	}
	if isSealed, err := startsSealed(path); err != nil || isSealed {
		return nil, cmp.Or(err, fmt.Errorf("%s: it is a sealed policy, not a text", path))
	}
	r, err := compile.Compile(path, o)
	if err != nil {
		return nil, err
	}
	return r, s.madeFrom(r, path, "text")
}

// madeFrom demands that the inputs of some kinds are among those of a compilation.
func (s *subject) madeFrom(r *compile.Result, path string, kinds ...string) error {
	for _, in := range s.file.Policy.Inputs {
		if slices.Contains(kinds, in.Kind) && !slices.Contains(r.Policy.Inputs, in) {
			return fmt.Errorf("%s: it is not what %s was made from: %s %s is another there", path, s.path, in.Kind, in.Name)
		}
	}
	return nil
}

// addText adds the text of a sealed policy, for its rules and lines, where the bases,
// groups and accounts are the same too, and what is made of them.
func (s *subject) addText(path string, o compile.Options) error {
	r, err := s.recompile(path, o)
	if err == nil {
		err = s.madeFrom(r, path, "base", "group", "passwd")
	}
	if err != nil {
		return err
	}
	// Another version of the compiler may make something else of the same text.
	now := &subject{path: path, file: &sealed.File{Policy: r.Policy}}
	d, err := diff.Compare(s.side(), now.side())
	if err != nil {
		return err
	}
	if len(d.Changes) > 0 {
		return fmt.Errorf("%s: this version compiles it to something else than %s: %s", path, s.path, d.Changes[0].Line())
	}
	s.text = r
	return nil
}
