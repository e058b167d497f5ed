// Package render turns the steps of a plan into a program for internal/child:
// names of system calls into this machine's numbers, names of slots into indexes,
// arguments into words and memory. It decides nothing.
//
// It imports plan, child and x/sys/unix.
package render

import (
	"fmt"

	"casemate/internal/child"
	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

// Rendered is a program and where its named slots are.
type Rendered struct {
	Program *child.Program
	slots   map[string]int
}

// Plan renders the steps. Every slot that a step reads must have been saved by an
// earlier step or be named in given; an unknown one is a broken plan.
func Plan(steps []plan.Step, given []string) (*Rendered, error) {
	r := &Rendered{child.NewProgram(len(steps)), map[string]int{plan.Report: child.ReportSlot}}
	for _, name := range given {
		r.slot(name)
	}
	for i, s := range steps {
		if err := r.step(s); err != nil {
			return nil, fmt.Errorf("step %d, %s: %w", i, s, err)
		}
	}
	if len(r.slots) > child.MaxSlots {
		return nil, fmt.Errorf("%d slots; a program has %d", len(r.slots), child.MaxSlots)
	}
	return r, nil
}

// Set gives a named slot its descriptor before the start.
func (r *Rendered) Set(name string, fd int) { r.Program.Set(r.slots[name], fd) }

// slot gives the index of a name, a new one for a new name.
func (r *Rendered) slot(name string) int {
	n, ok := r.slots[name]
	if !ok {
		n = len(r.slots)
		r.slots[name] = n
	}
	return n
}

func (r *Rendered) step(s plan.Step) error {
	nr, ok := numbers[s.Op]
	if !ok || len(s.Args) > 6 {
		return fmt.Errorf("not a call of a launch: %s with %d arguments", s.Op, len(s.Args))
	}
	var tolerate unix.Errno
	if s.Tolerate != "" {
		if tolerate, ok = errnos[s.Tolerate]; !ok {
			return fmt.Errorf("errno %q is never tolerated", s.Tolerate)
		}
	}
	var words [6]child.Word
	for i, a := range s.Args {
		w, err := r.word(a)
		if err != nil {
			return err
		}
		words[i] = w
	}
	save := child.None
	if s.Save != "" {
		save = r.slot(s.Save)
	}
	r.Program.Add(nr, save, tolerate, words[:len(s.Args)]...)
	if s.Must == "" {
		return nil
	}
	refusal, ok := refusals[s.Must]
	if !ok || s.Tolerate != "" || s.Save != "" {
		return fmt.Errorf("a step that must fail with %q", s.Must)
	}
	r.Program.MustFail(refusal)
	return nil
}

func (r *Rendered) word(a plan.Arg) (child.Word, error) {
	switch a.Kind {
	case plan.KindInt:
		return child.Int(a.Int), nil
	case plan.KindSlot:
		n, ok := r.slots[a.Text]
		if !ok {
			return child.Word{}, fmt.Errorf("slot %q is used before anything is in it", a.Text)
		}
		return child.Slot(n), nil
	case plan.KindString:
		return child.String(a.Text), nil
	case plan.KindBytes:
		return child.Bytes(a.Data), nil
	case plan.KindFilter:
		return child.Filter(a.Data), nil
	case plan.KindStrings:
		return child.Strings(a.List()), nil
	}
	return child.Word{}, fmt.Errorf("argument of unknown kind %d", a.Kind)
}
