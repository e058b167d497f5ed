package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"casemate/policy/syntax"
)

// Bounds of a source. The largest profile that is shipped anywhere has some 60 KiB.
const (
	MaxSource = 1 << 20 // bytes of one file
	maxDepth  = 32      // objects and lists inside each other
	maxValues = 50000
)

// object is a value of a JSON text. Leaves are items; so are empty objects and lists,
// which would have no other trace.
type object struct {
	path   string
	line   int
	kind   byte // one of {["0t
	text   string
	keys   []string
	fields map[string]*object
	list   []*object
	leaf   *item
}

// parseJSON reads a text strictly: one value, no key twice, valid UTF-8, bounded.
func parseJSON(s Source) (*object, error) {
	if !utf8.Valid(s.Text) {
		return nil, faultAt(s, 0, "", "not valid UTF-8")
	}
	p := &jsonParser{source: s, d: json.NewDecoder(bytes.NewReader(s.Text))}
	p.d.UseNumber()
	o, err := p.value("", 0)
	if err != nil {
		return nil, err
	}
	if _, err := p.d.Token(); !errors.Is(err, io.EOF) {
		return nil, p.fault("", "more text after the value")
	}
	return o, nil
}

type jsonParser struct {
	source Source
	d      *json.Decoder
	values int
	offset int // up to which lines are counted
	lines  int
}

// line is that of the token which was read last.
func (p *jsonParser) line() int {
	at := int(p.d.InputOffset())
	p.lines += bytes.Count(p.source.Text[p.offset:at], []byte("\n"))
	p.offset = at
	return 1 + p.lines
}

// faultAt is an error with its place.
func faultAt(s Source, offset int, token, format string, args ...any) error {
	before := s.Text[:min(max(offset, 0), len(s.Text))]
	p := syntax.Position{File: s.Name, Line: 1 + bytes.Count(before, []byte("\n")), Col: len(before) - bytes.LastIndexByte(before, '\n')}
	var errs syntax.Errors
	errs.Add(p, token, "", format, args...)
	return errs
}

func (p *jsonParser) fault(token, format string, args ...any) error {
	return faultAt(p.source, int(p.d.InputOffset()), token, format, args...)
}

func (p *jsonParser) token() (json.Token, error) {
	t, err := p.d.Token()
	var bad *json.SyntaxError
	switch {
	case errors.As(err, &bad):
		return nil, faultAt(p.source, int(bad.Offset)-1, "", "not JSON: %v", bad)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, faultAt(p.source, len(p.source.Text), "", "the text ends too early")
	case err != nil:
		return nil, p.fault("", "not JSON: %v", err)
	}
	return t, nil
}

func (p *jsonParser) value(path string, depth int) (*object, error) {
	t, err := p.token()
	if err != nil {
		return nil, err
	}
	if p.values++; p.values > maxValues {
		return nil, p.fault("", "more than %d values", maxValues)
	}
	if depth > maxDepth {
		return nil, p.fault("", "nested more than %d deep", maxDepth)
	}
	o := &object{path: path, line: p.line()}
	switch t := t.(type) {
	case json.Delim:
		o.kind = byte(t)
		if t == '{' {
			err = p.fields(o, depth)
		} else {
			err = p.elements(o, depth)
		}
	case string:
		o.kind, o.text = '"', t
	case json.Number:
		o.kind, o.text = '0', t.String()
	case bool:
		o.kind, o.text = 't', strconv.FormatBool(t)
	case nil:
		o.kind, o.text = 'n', "null"
	}
	return o, err
}

func (p *jsonParser) fields(o *object, depth int) error {
	o.fields = map[string]*object{}
	for p.d.More() {
		t, err := p.token()
		if err != nil {
			return err
		}
		key, _ := t.(string)
		if o.fields[key] != nil {
			return p.fault(key, "the key stands twice")
		}
		if o.fields[key], err = p.value(join(o.path, key), depth+1); err != nil {
			return err
		}
		o.keys = append(o.keys, key)
	}
	_, err := p.token()
	return err
}

func (p *jsonParser) elements(o *object, depth int) error {
	for p.d.More() {
		e, err := p.value(fmt.Sprintf("%s[%d]", o.path, len(o.list)), depth+1)
		if err != nil {
			return err
		}
		o.list = append(o.list, e)
	}
	_, err := p.token()
	return err
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// shown bounds what a comment says of one value.
const shown = 200

// items makes the leaves of a value known to the draft.
func (o *object) items(d *draft) {
	for _, key := range o.keys {
		o.fields[key].items(d)
	}
	for _, e := range o.list {
		e.items(d)
	}
	if len(o.keys)+len(o.list) > 0 {
		return
	}
	text := o.text
	switch o.kind {
	case '"':
		text = strconv.Quote(o.text)
	case '{':
		text = "{}"
	case '[':
		text = "[]"
	}
	if len(text) > shown {
		text = fmt.Sprintf("%s… (%d bytes)", strToValid(text[:shown]), len(text))
	}
	o.leaf = &item{text: o.path + " = " + text, line: o.line}
	d.items = append(d.items, o.leaf)
}

// strToValid takes a broken last rune off.
func strToValid(s string) string {
	for len(s) > 0 && !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s
}

// leaves gives the items below a value; none of nil.
func (o *object) leaves() []*item {
	if o == nil {
		return nil
	}
	if o.leaf != nil {
		return []*item{o.leaf}
	}
	var all []*item
	for _, key := range o.keys {
		all = append(all, o.fields[key].leaves()...)
	}
	for _, e := range o.list {
		all = append(all, e.leaves()...)
	}
	return all
}

// under gives the items below some keys of an object: what stands under others is for
// someone else to answer for.
func (o *object) under(keys ...string) []*item {
	if o == nil {
		return nil
	}
	var all []*item
	for _, key := range keys {
		all = append(all, o.fields[key].leaves()...)
	}
	return all
}

// field gives the value under a key; nil where there is none, or null.
func (o *object) field(key string) *object {
	if o == nil {
		return nil
	}
	f := o.fields[key]
	if f != nil && f.kind == 'n' {
		done(f.leaf)
		return nil
	}
	return f
}

// at follows keys.
func (o *object) at(keys ...string) *object {
	for _, key := range keys {
		o = o.field(key)
	}
	return o
}

// each gives the elements of a list; none of nil.
func (o *object) each() []*object {
	if o == nil {
		return nil
	}
	if o.kind == '[' && len(o.list) == 0 {
		done(o.leaf)
	}
	return o.list
}
