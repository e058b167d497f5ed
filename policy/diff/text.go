package diff

import (
	"fmt"
	"slices"
	"strings"
)

// Text prints a report for a person: the verdict, then each dimension that changed with
// one line for each change, then what is equal.
func (r *Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s -> %s: %s\n", r.Old, r.New, r.verdict())
	var equal []string
	for _, dim := range r.Dimensions {
		changes := together(r.of(dim.Name))
		if len(changes) == 0 {
			equal = append(equal, dim.Name)
			continue
		}
		fmt.Fprintf(&b, "\n%s: %s\n", dim.Name, dim.Order)
		for _, c := range changes {
			fmt.Fprintf(&b, "  %-12s %s\n", c.Order, c.line())
		}
	}
	if len(equal) > 0 {
		fmt.Fprintf(&b, "\nno difference: %s\n", strings.Join(equal, ", "))
	}
	for i, n := range r.Notes {
		if i == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	return b.String()
}

// verdict says what the order comes to, and that there is more to read.
func (r *Report) verdict() string {
	if r.Order == Equal && len(r.Changes) > 0 {
		return "equal, but for behaviour"
	}
	return r.Order.String()
}

func (r *Report) of(dimension string) []Change {
	var list []Change
	for _, c := range r.Changes {
		if c.Dimension == dimension {
			list = append(list, c)
		}
	}
	return list
}

// line is a change without its order.
func (c *Change) line() string {
	s := fmt.Sprintf("%s: %s -> %s", c.Subject, c.Old, c.New)
	if c.When != "" {
		s += " when " + c.When
	}
	if c.Note != "" {
		s += "; " + c.Note
	}
	if c.Witness != nil && !c.Witness.plain(c.Subject) {
		s += "; witness " + c.Witness.Text
	}
	switch {
	case c.OldAt != "" && c.NewAt != "":
		s += fmt.Sprintf(" (old %s, new %s)", c.OldAt, c.NewAt)
	case c.OldAt != "":
		s += fmt.Sprintf(" (old %s)", c.OldAt)
	case c.NewAt != "":
		s += fmt.Sprintf(" (new %s)", c.NewAt)
	}
	return s
}

// plain tells whether a witness says no more than the subject does: any call will do.
func (w *Witness) plain(subject string) bool {
	_, call, _ := strings.Cut(subject, " ")
	return w.Args == [6]uint64{} && strings.HasPrefix(w.Text, call+"(")
}

// Line is a change in one line, its order last, for logs of other forms.
func (c *Change) Line() string { return c.Dimension + " " + c.line() + ": " + c.Order.String() }

// together joins changes that two architectures have alike into one line.
func together(changes []Change) []Change {
	var list []Change
	for _, c := range changes {
		i := slices.IndexFunc(list, func(o Change) bool { return alike(o, c) })
		if i < 0 {
			list = append(list, c)
			continue
		}
		arch, _, _ := strings.Cut(c.Subject, " ")
		first, call, _ := strings.Cut(list[i].Subject, " ")
		list[i].Subject = first + "," + arch + " " + call
	}
	return list
}

func alike(a, b Change) bool {
	if a.Witness == nil || b.Witness == nil || a.Witness.Text != b.Witness.Text {
		return false
	}
	_, x, _ := strings.Cut(a.Subject, " ")
	_, y, _ := strings.Cut(b.Subject, " ")
	a.Subject, b.Subject, a.Witness, b.Witness = "", "", nil, nil
	return x == y && a == b
}
