package compile

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"casemate/policy/base"
	"casemate/policy/syntax"
)

// layer is one policy or base, with all that it extends merged in.
type layer struct {
	own, file *syntax.File // as written; merged
	bases     []*layer
}

// maxExtends is how many bases may stand on each other.
const maxExtends = 4

// besides is a base beside the policy: one name, no directory, so that a policy
// cannot take in a file from elsewhere.
var besides = regexp.MustCompile(`^\./[A-Za-z0-9][A-Za-z0-9._-]*\.toml$`)

// load reads the policy and what it extends.
func (s *source) load() (*layer, error) {
	var own *syntax.File
	var err error
	if s.text != nil {
		own, err = s.parse(s.path, s.text)
	} else {
		own, err = s.open("text", s.path)
	}
	if err != nil {
		return nil, err
	}
	return s.extend(own, []string{"./" + filepath.Base(s.path)})
}

// extend merges into own what it extends. stack holds the names on the way here. Where a base is
// not known, nothing can be said of the rest.
func (s *source) extend(own *syntax.File, stack []string) (*layer, error) {
	l := &layer{own: own}
	known := !own.Unsure("extends")
	var files []*syntax.File
	for i, name := range own.Extends {
		pos := own.Pos("extends", i)
		if fault, hint := extendable(name, stack); fault != "" {
			s.errs.Add(pos, name, hint, "%s", fault)
			known = false
			continue
		}
		b, err := s.base(name, stack)
		var told syntax.Errors
		if errors.As(err, &told) { // the text speaks for itself
			return nil, err
		}
		if err != nil {
			s.errs.Add(pos, name, "a base beside the policy is read when the policy is compiled", "the base cannot be read: %v", err)
			known = false
			continue
		}
		l.bases = append(l.bases, b)
		files = append(files, b.file)
	}
	if !known {
		return nil, s.errs.Err()
	}
	ambient(own)
	var errs syntax.Errors
	l.file, errs = syntax.Merge(own, files)
	s.errs = append(s.errs, errs...)
	return l, nil
}

// extendable says what is wrong with extending name here.
func extendable(name string, stack []string) (fault, hint string) {
	if i := slices.Index(stack, name); i >= 0 {
		return "extends itself", strings.Join(append(stack[i:], name), " extends ")
	}
	if len(stack) > maxExtends {
		return fmt.Sprintf("more than %d bases stand on each other", maxExtends), strings.Join(stack, " extends ")
	}
	if _, shipped := base.Text(name); shipped || besides.MatchString(name) {
		return "", ""
	}
	if strings.HasPrefix(name, base.Prefix) {
		return "no such base", orDefault(syntax.DidYouMean(name, base.Names()), "there are "+strings.Join(base.Names(), ", "))
	}
	if near := syntax.Nearest(base.Prefix+name, base.Names()); near != "" {
		return "not a base", fmt.Sprintf("write %q", near)
	}
	return "not a base", `write "base/NAME", or "./NAME.toml" for a file in this policy's own directory`
}

// base reads a base once; several may extend it.
func (s *source) base(name string, stack []string) (*layer, error) {
	if l := s.layers[name]; l != nil {
		return l, nil
	}
	var own *syntax.File
	var err error
	if text, shipped := base.Text(name); shipped {
		s.input("base", name, text)
		own, err = s.parse(name, text)
	} else {
		own, err = s.open("base", filepath.Join(filepath.Dir(s.path), name))
	}
	if err != nil {
		return nil, err
	}
	if own.Service != nil {
		s.errs.Add(own.KeyPos("service"), *own.Service, "only the policy that is compiled names its service", "a base has no service")
	}
	l, err := s.extend(own, append(slices.Clone(stack), name))
	if err == nil {
		s.layers[name] = l
	}
	return l, err
}

// ambient writes out a file's default before files are merged: without a list of
// its own, all that it keeps is ambient. Otherwise one base's list would take the
// capabilities away that another one keeps.
func ambient(f *syntax.File) {
	caps := f.Find("capabilities")
	if keep := caps.Get("keep"); keep != nil && caps.Get("ambient") == nil {
		caps.Table["ambient"] = keep
	}
}
