package importer

import "strings"

// table is a table of the policy: its values are strings, int64s, bools, lists and
// tables.
type table = map[string]any

// draft is a policy in the making.
type draft struct {
	values   table
	comments *comments
	words    map[string]map[string]bool // of lists, by path: what is there already
	items    []*item                    // all of the sources
	narrowed map[string]bool            // calls whose condition was made that of the groups

	withdrawn map[string]string // reasons that the compiler refused, with its words
}

func newDraft() *draft {
	return &draft{values: table{"policy": int64(1)}, comments: newComments(), words: map[string]map[string]bool{}, narrowed: map[string]bool{}, withdrawn: map[string]string{}}
}

// at follows dotted keys to the table that holds the last one.
func (d *draft) at(path string, create bool) (table, string) {
	keys := strings.Split(path, ".")
	t := d.values
	for _, key := range keys[:len(keys)-1] {
		next, _ := t[key].(table)
		if next == nil {
			if !create {
				return nil, ""
			}
			next = table{}
			t[key] = next
		}
		t = next
	}
	return t, keys[len(keys)-1]
}

func (d *draft) get(path string) any {
	t, key := d.at(path, false)
	return t[key]
}

// set states a value; a second statement replaces the first.
func (d *draft) set(path string, v any) {
	t, key := d.at(path, true)
	t[key] = v
	delete(d.words, path)
}

// add adds to a list what it does not have yet.
func (d *draft) add(path string, words ...string) {
	list, _ := d.get(path).([]any)
	have := d.words[path]
	if have == nil {
		have = map[string]bool{}
		for _, w := range d.list(path) {
			have[w] = true
		}
	}
	for _, w := range words {
		if !have[w] {
			have[w] = true
			list = append(list, w)
		}
	}
	d.set(path, list)
	d.words[path] = have
}

// list gives the strings of a list.
func (d *draft) list(path string) []string {
	var words []string
	list, _ := d.get(path).([]any)
	for _, v := range list {
		if s, ok := v.(string); ok {
			words = append(words, s)
		}
	}
	return words
}

// element adds a table to a list of tables.
func (d *draft) element(path string, t table) {
	list, _ := d.get(path).([]any)
	d.set(path, append(list, t))
}

// elements gives the tables of a list.
func (d *draft) elements(path string) []table {
	var all []table
	list, _ := d.get(path).([]any)
	for _, v := range list {
		if t, ok := v.(table); ok {
			all = append(all, t)
		}
	}
	return all
}

// entry states a value under a key that is no key of the language, such as the name
// of a variable.
func (d *draft) entry(path, key string, v any) {
	t, _ := d.get(path).(table)
	if t == nil {
		t = table{}
		d.set(path, t)
	}
	t[key] = v
}

// skip reports items that are not carried over. The section is where a person would
// write what replaces them.
func (d *draft) skip(section, why string, items ...*item) {
	for _, i := range items {
		if i != nil && !i.done {
			i.done = true
			d.comments.add(section, skipped, why, i.text)
		}
	}
}

// weaker is the end of a reason where the source confined more.
const weaker = "; the policy is weaker than its source for it"

// lost reports items that confined, and do not any more.
func (d *draft) lost(section, why string, items ...*item) { d.skip(section, why+weaker, items...) }

// hold reports items that hold without a word.
func (d *draft) hold(section string, items ...*item) {
	for _, i := range items {
		if i != nil && !i.done {
			i.done = true
			d.comments.add(section, held, "", i.text)
		}
	}
}

// done answers for items that are carried over.
func done(items ...*item) {
	for _, i := range items {
		if i != nil {
			i.done = true
		}
	}
}

func (d *draft) note(section, text string) { d.comments.add(section, remark, text) }
func (d *draft) fill(section, text string) { d.comments.add(section, fill, text) }

// rest reports what nobody has answered for.
func (d *draft) rest(section func(*item) string, why string) {
	for _, i := range d.items {
		if !i.done {
			d.skip(section(i), why, i)
		}
	}
}
