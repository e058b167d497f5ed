package importer

import (
	"strconv"

	"casemate/policy/syntax"
)

// reader takes values of a kind out of JSON and keeps the first that is of another: a
// source that its own runtime would refuse is refused here too.
type reader struct {
	source Source
	err    error
}

func (r *reader) fail(o *object, format string, args ...any) {
	if r.err == nil {
		var errs syntax.Errors
		errs.Add(syntax.Position{File: r.source.Name, Line: o.line, Col: 1}, o.path, "", format, args...)
		r.err = errs
	}
}

// want checks a kind; false for nil too.
func (r *reader) want(o *object, kind byte, word string) bool {
	if o == nil {
		return false
	}
	if o.kind != kind {
		r.fail(o, "want %s", word)
		return false
	}
	return true
}

// text gives a string and answers for it; "" of nil.
func (r *reader) text(o *object) string {
	if !r.want(o, '"', "a string") {
		return ""
	}
	return o.text
}

// flag gives a boolean.
func (r *reader) flag(o *object) bool { return r.want(o, 't', "true or false") && o.text == "true" }

// integer gives a number that fits 64 bits, signed.
func (r *reader) integer(o *object) int64 {
	if !r.want(o, '0', "a number") {
		return 0
	}
	n, err := strconv.ParseInt(o.text, 10, 64)
	if err != nil {
		r.fail(o, "not a whole number of 64 bits")
	}
	return n
}

// unsigned gives a number of 64 bits without a sign.
func (r *reader) unsigned(o *object) uint64 {
	if !r.want(o, '0', "a number") {
		return 0
	}
	n, err := strconv.ParseUint(o.text, 10, 64)
	if err != nil {
		r.fail(o, "not a whole number of 64 bits, 0 or more")
	}
	return n
}

// list gives a list of values; none of nil.
func (r *reader) list(o *object) []*object {
	if !r.want(o, '[', "a list") {
		return nil
	}
	return o.each()
}

// texts gives a list of strings.
func (r *reader) texts(o *object) []string {
	var all []string
	for _, e := range r.list(o) {
		all = append(all, r.text(e))
	}
	return all
}

// object checks that a value is an object, if it is there.
func (r *reader) object(o *object) *object {
	if o != nil && !r.want(o, '{', "an object") {
		return nil
	}
	return o
}
