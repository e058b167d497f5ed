package importer

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"casemate/policy/syntax"
)

// rounds bounds the talk with the judge. Each round takes something out of the draft;
// in practice three or four suffice.
const rounds = 40

// settle asks the judge until there is nothing left that can be taken out of the
// draft. The compiler alone knows what the language accepts: what it refuses becomes a
// comment with its words, what it wants a reason for waits in a comment for one.
func (d *draft) settle(o *Options, head func() []string) ([]byte, error) {
	for range rounds {
		text, places := d.write(head())
		if len(text) > syntax.MaxText {
			return nil, fmt.Errorf("the policy would have %d bytes, over the limit of %d", len(text), syntax.MaxText)
		}
		needs, err := o.Judge(text)
		if len(needs) > 0 {
			if err := d.reasons(needs, o.Why); err != nil {
				return nil, err
			}
			continue
		}
		var faults syntax.Errors
		if err == nil {
			return text, nil
		} else if !errors.As(err, &faults) {
			return nil, err
		}
		if !d.faults(faults, places) {
			break
		}
	}
	text, places := d.write(head())
	_, err := o.Judge(text)
	var faults syntax.Errors
	if errors.As(err, &faults) {
		for _, f := range faults {
			d.fill(sectionAt(places, f.Pos), message(f))
		}
		text, _ = d.write(head())
		return text, nil
	}
	return text, err
}

// message is a fault without its place, which would be that of another text.
func message(f *syntax.Error) string {
	bare := *f
	bare.Pos = syntax.Position{}
	return strings.TrimPrefix(bare.Error(), ": ")
}

// find gives the value that a place of the text belongs to: the last one that begins
// before it in its line.
func find(places []place, p syntax.Position) []step {
	var found []step
	for _, at := range places {
		if at.line == p.Line && at.col <= p.Col {
			found = at.path
		}
	}
	return found
}

func sectionAt(places []place, p syntax.Position) string {
	if path := find(places, p); len(path) > 1 {
		return path[0].(string)
	}
	section := ""
	for _, at := range places {
		if at.line > p.Line && len(at.path) > 1 { // a header stands before its first value
			section = at.path[0].(string)
			break
		}
	}
	if p.Line <= 1 {
		return ""
	}
	return section
}

// faults takes out what the compiler refuses; false when nothing could be.
func (d *draft) faults(faults syntax.Errors, places []place) bool {
	gone := map[string]bool{}
	var paths [][]step
	for _, f := range faults {
		path, why := d.culprit(f, places)
		key := fmt.Sprint(path)
		if path == nil || gone[key] {
			continue
		}
		gone[key] = true
		paths = append(paths, path)
		if path[0] == "why" { // its grant has gone; or it is no reason, and will be asked for again
			d.withdrawn[path[1].(string)] = f.Msg
			continue
		}
		d.refused(path, why)
	}
	// The last elements of a list first, so that the others keep their numbers.
	slices.SortFunc(paths, func(a, b []step) int { return strings.Compare(order(b), order(a)) })
	for _, path := range paths {
		d.remove(path)
	}
	return len(paths) > 0
}

// tooMuch is how the compiler of filters names a condition that it cannot lower: it
// speaks of the line, and stands at the header of the section.
var tooMuch = regexp.MustCompile(`condition of ([a-z0-9_]+): (.*)$`)

// culprit gives the value that a fault is about; nil for one that cannot be taken out.
func (d *draft) culprit(f *syntax.Error, places []place) ([]step, string) {
	path := find(places, f.Pos)
	if len(path) > 1 {
		return whole(path), message(f)
	}
	m := tooMuch.FindStringSubmatch(f.Msg)
	if whens, _ := d.get("seccomp.when").(table); m != nil && whens[m[1]] != nil {
		return []step{"seccomp", "when", m[1]}, m[2]
	}
	return nil, ""
}

func order(path []step) string {
	var b strings.Builder
	for _, s := range path {
		if i, ok := s.(int); ok {
			fmt.Fprintf(&b, "%08d.", i)
		} else {
			fmt.Fprintf(&b, "%v.", s)
		}
	}
	return b.String()
}

// whole widens a path to what makes sense alone: a mount has its place and its source,
// and words of a command, parts of an image or of identity maps say nothing one by one.
func whole(path []step) []step {
	switch {
	case len(path) == 4 && (path[3] == "from" || path[3] == "at"):
		return path[:3]
	case path[0] == "exec" && path[1] == "argv":
		return path[:2]
	case path[0] == "namespaces" && (path[1] == "user" || path[1] == "time"), path[0] == "root" && path[1] == "image":
		return path[:2]
	}
	return path
}

// refused leaves a comment in place of a value.
func (d *draft) refused(path []step, why string) {
	if confines(path) {
		why += weaker
	}
	d.comments.add(path[0].(string), skipped, why, d.show(path))
}

// confines tells whether a value takes something from the workload.
func confines(path []step) bool {
	switch path[0] {
	case "masks":
		return path[1] != "unmask"
	case "lsm":
		return true
	case "cgroup":
		return path[1] != "devices"
	case "namespaces":
		return path[1] == "user"
	case "exec": // the defaults of two limits are strict
		return path[1] == "umask" || path[1] == "rlimits" && len(path) == 3 && path[2] != "nofile" && path[2] != "core"
	case "seccomp":
		return path[1] == "kill" || path[1] == "default" || path[1] == "unknown"
	}
	return false
}

// show writes a value as the policy would have it.
func (d *draft) show(path []step) string {
	var names []string
	var v any = d.values
	for _, s := range path {
		switch s := s.(type) {
		case string:
			t, _ := v.(table)
			v = t[s]
			names = append(names, syntax.QuoteKey(s))
		case int:
			list, _ := v.([]any)
			if s >= len(list) {
				return strings.Join(names, ".")
			}
			return quote(list[s]) + " of " + strings.Join(names, ".")
		}
	}
	if v == nil {
		return strings.Join(names, ".")
	}
	return strings.Join(names, ".") + " = " + quote(v)
}

// remove takes a value out. A condition takes its call along, which would be free
// without it; a list of ambient capabilities stays, since its absence means all.
func (d *draft) remove(path []step) {
	var v any = d.values
	for i, s := range path[:len(path)-1] {
		switch s := s.(type) {
		case string:
			v, _ = v.(table)[s]
		case int:
			list, _ := v.([]any)
			if s >= len(list) {
				return
			}
			v = list[s]
		}
		if list, ok := v.([]any); ok && i == len(path)-2 {
			if at, ok := path[i+1].(int); ok && at < len(list) {
				d.setPath(path[:i+1], slices.Delete(slices.Clone(list), at, at+1))
			}
			return
		}
	}
	t, _ := v.(table)
	key, _ := path[len(path)-1].(string)
	delete(t, key)
	switch {
	case path[0] == "seccomp" && path[1] == "when" && len(path) == 3:
		d.drop("seccomp.allow", key)
	case path[0] == "capabilities" && key == "ambient":
		t[key] = []any{}
	}
}

func (d *draft) setPath(path []step, v any) {
	var t any = d.values
	for _, s := range path[:len(path)-1] {
		switch s := s.(type) {
		case string:
			t = t.(table)[s]
		case int:
			t = t.([]any)[s]
		}
	}
	t.(table)[path[len(path)-1].(string)] = v
}

// drop takes a word out of a list.
func (d *draft) drop(path, word string) {
	list, _ := d.get(path).([]any)
	if list = slices.DeleteFunc(slices.Clone(list), func(v any) bool { return v == word }); len(list) > 0 || strings.HasPrefix(path, "capabilities.") {
		d.set(path, list)
		return
	}
	d.take(path)
}
