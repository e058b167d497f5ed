package importer

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"casemate/policy/filter"
)

// mjPolicy reads a minijail seccomp policy. There are two readers of the form, and they
// differ: what minijail0 itself reads (minijail0(5)), and what compile_seccomp_policy.py
// compiles, which knows more. "a: EXPR; return N" allows a where EXPR holds to the first
// and answers N where it holds to the second. A policy with a sign that only the second
// knows is read as the second does.
type mjPolicy struct {
	d        *draft
	o        *Options
	calls    *calls
	compiled bool
	files    int
	fallback string // what denied calls get: "kill", or "errno"
	softened bool   // some denied calls get an error in the source
	unknown  string // a constant of the statement that is not known
	stated   map[string]int
}

// minijail carries a policy, a configuration file or both over.
func minijail(d *draft, o *Options, sources []Source) error {
	if len(sources) > 1 {
		return fmt.Errorf("%s: one minijail policy at a time", sources[1].Name)
	}
	if len(sources) == 1 && strings.HasPrefix(string(sources[0].Text), "% minijail-config-file") && o.Conf == nil {
		o.Conf, sources = &sources[0], nil
	}
	if o.Conf != nil {
		if err := minijailConf(d, o, *o.Conf); err != nil {
			return err
		}
	}
	if len(sources) == 0 {
		withoutFilter(d)
		return nil
	}
	p := &mjPolicy{d: d, o: o, calls: newCalls(o.Arches), fallback: "kill", stated: map[string]int{}}
	if err := p.file(sources[0], 0); err != nil {
		return err
	}
	d.set("seccomp.default", "kill")
	d.set("seccomp.unknown", "kill")
	if p.softened {
		d.note("seccomp", "some denied calls answer an error in the source; all are killed here. With default = \"EPERM\" all would answer EPERM")
	}
	p.calls.into(d)
	return nil
}

// mjDepth is how many files may include each other, mjFiles how many there may be.
const (
	mjDepth = 10
	mjFiles = 64
)

func (p *mjPolicy) file(s Source, depth int) error {
	if p.files++; p.files > mjFiles || depth > mjDepth {
		return lineFault(s, 1, "", "too many files include each other")
	}
	lines, err := logicalLines(s, " ", nil)
	if err != nil {
		return err
	}
	var parsed []*mjLine
	for _, l := range lines {
		tokens, err := mjLex(s, l)
		if err != nil {
			return err
		}
		if len(tokens) == 0 {
			continue
		}
		parsed = append(parsed, &mjLine{p: p, source: s, number: l.number, tokens: tokens})
		p.compiled = p.compiled || slices.ContainsFunc(tokens, onlyCompiled)
	}
	for _, l := range parsed {
		if err := p.line(l, depth); err != nil {
			return err
		}
	}
	return nil
}

// onlyCompiled tells what only compile_seccomp_policy.py reads.
func onlyCompiled(t mjToken) bool {
	switch t.text {
	case "{", "[", "@frequency", "@denylist", "kill-process", "kill-thread", "user-notify", "trap", "trace":
		return true
	}
	return t.kind == "w" && strings.Contains(t.text[1:], "@")
}

func (p *mjPolicy) line(l *mjLine, depth int) error {
	switch first := l.peek(); first.text {
	case "@include":
		l.take()
		return p.include(l, depth)
	case "@default":
		l.take()
		return p.byDefault(l)
	case "@frequency":
		i := p.item(l, "@frequency")
		p.d.skip("seccomp", "the order of a filter is not chosen by frequency", i)
		return nil
	case "@denylist":
		return l.fail("a list of denied calls: this language has only those of allowed ones")
	}
	return p.statement(l)
}

// item makes something of a line known to the draft.
func (p *mjPolicy) item(l *mjLine, text string) *item {
	i := &item{text: clip(text), line: l.number}
	p.d.items = append(p.d.items, i)
	return i
}

func (p *mjPolicy) include(l *mjLine, depth int) error {
	t := l.take()
	if t.kind != "/" || len(l.tokens) > 0 {
		return l.fail("@include wants one path, from / or ./")
	}
	name := t.text
	if !path.IsAbs(name) {
		name = path.Join(path.Dir(l.source.Name), name)
	}
	if p.o.Include == nil {
		return l.fail("@include %s: there is nowhere to include from", name)
	}
	s, err := p.o.Include(name)
	if err == nil && len(s.Text) > MaxSource {
		err = fmt.Errorf("it has more than %d bytes", MaxSource)
	}
	if err != nil {
		return l.fail("@include: %v", err)
	}
	return p.file(s, depth+1)
}

func (p *mjPolicy) byDefault(l *mjLine) error {
	t := l.take()
	if len(l.tokens) > 0 {
		return l.fail("unexpected here")
	}
	i := p.item(l, "@default "+t.text)
	switch t.text {
	case "kill", "kill-process":
		p.d.hold("seccomp", i)
	case "kill-thread", "trap", "user-notify":
		p.d.skip("seccomp", "denied calls kill the process", i)
	default:
		return lineFault(l.source, l.number, t.text, "not an action that denies")
	}
	return nil
}

// statement reads "calls: filter".
func (p *mjPolicy) statement(l *mjLine) error {
	text := strings.Builder{}
	for _, t := range l.tokens {
		text.WriteString(t.text + " ")
	}
	names, err := p.descriptors(l)
	if err != nil {
		return err
	}
	if !l.accept(":") {
		return l.fail("a : is wanted here")
	}
	_, shownFilter, _ := strings.Cut(text.String(), ":")
	p.unknown = ""
	clauses, kill, err := p.filters(l)
	if err != nil {
		return err
	}
	if len(l.tokens) > 0 {
		return l.fail("unexpected here")
	}
	for _, n := range names {
		i := p.item(l, n.name+":"+strings.TrimRight(shownFilter, " "))
		p.state(l, n, clauses, kill, i)
		if err := p.twice(l, n.name); err != nil {
			return err
		}
	}
	return nil
}

// twice refuses a second statement about a call where its reader would.
func (p *mjPolicy) twice(l *mjLine, name string) error {
	first, again := p.stated[name]
	p.stated[name] = l.number
	if again && !p.compiled {
		return lineFault(l.source, l.number, name, "the call is stated a second time, first in line %d", first)
	}
	return nil
}

// descriptor names a call.
type descriptor struct {
	name   string
	arches []string // minijail's names; nil for all
	why    string   // why it cannot be carried over
}

func (p *mjPolicy) descriptors(l *mjLine) ([]descriptor, error) {
	if !l.accept("{") {
		d, err := p.descriptor(l)
		return []descriptor{d}, err
	}
	var all []descriptor
	for {
		d, err := p.descriptor(l)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
		if l.accept("}") {
			return all, nil
		}
		if !l.accept(",") {
			return nil, l.fail("a , or } is wanted here")
		}
	}
}

func (p *mjPolicy) descriptor(l *mjLine) (descriptor, error) {
	t := l.peek()
	d := descriptor{name: t.text}
	switch {
	case t.kind == "n":
		d.name, d.why = p.numbered(t.text)
	case t.kind != "w":
		return d, l.fail("the name of a system call is wanted here")
	case strings.Contains(t.text, "@"):
		d.why = "the groups of minijail's constants.json are not known here"
	case !filter.Known(t.text):
		d.why = "no such call in the tables of golang.org/x/sys"
	case !p.calls.here(t.text):
		d.why = "no such call on the architectures of the policy"
	}
	l.take()
	if l.accept("[") {
		return d, p.metadata(l, &d)
	}
	return d, nil
}

// numbered gives the name of a number that means the same everywhere.
func (p *mjPolicy) numbered(text string) (name, why string) {
	n, err := cNumber(text)
	if err != nil || n > 1<<20 {
		return text, "not the number of a call"
	}
	for _, arch := range p.calls.arches {
		found, ok := filter.Name(arch, int(n))
		if !ok || name != "" && name != found {
			return text, "the number is not that of one call on all architectures of the policy"
		}
		name = found
	}
	return name, ""
}

// metadata reads [arch=a,b; key=value].
func (p *mjPolicy) metadata(l *mjLine, d *descriptor) error {
	for {
		key := l.take()
		if key.kind != "w" || !l.accept("=") {
			return l.fail("key=value is wanted inside [ ]")
		}
		for {
			v := l.take()
			if v.kind != "w" {
				return l.fail("a value is wanted here")
			}
			if key.text == "arch" {
				d.arches = append(d.arches, v.text)
			}
			if !l.accept(",") {
				break
			}
		}
		if key.text != "arch" && d.why == "" {
			d.why = "unknown key " + key.text + " in [ ]"
		}
		if l.accept("]") {
			return nil
		}
		if !l.accept(";") {
			return l.fail("a ; or ] is wanted here")
		}
	}
}

// elsewhere gives an architecture of the policy that a descriptor is not for.
func (n descriptor) elsewhere(arches []filter.Arch) (none bool, other []filter.Arch) {
	for _, a := range arches {
		if n.arches != nil && !slices.ContainsFunc(n.arches, func(s string) bool { p, err := filter.ParseArch(s); return err == nil && p == a }) {
			other = append(other, a)
		}
	}
	return len(other) == len(arches), other
}

// state adds what a statement says of one call.
func (p *mjPolicy) state(l *mjLine, n descriptor, clauses []clause, kill bool, i *item) {
	none, other := n.elsewhere(p.calls.arches)
	allows := slices.ContainsFunc(clauses, func(c clause) bool { return c.allow })
	switch {
	case n.why != "":
		p.d.skip("seccomp", n.why, i)
	case none:
		p.d.skip("seccomp", "for other architectures", i)
	case allows && slices.ContainsFunc(other, func(a filter.Arch) bool { _, has := filter.Number(a, n.name); return has }):
		p.d.skip("seccomp", "for some architectures only, and a policy says the same for all; --arch names one", i)
	case p.unknown != "":
		p.d.skip("seccomp", "the constant "+p.unknown+" is not known on all architectures of the policy; the call is not allowed", i)
		p.calls.of(n.name).clauses = append(p.calls.of(n.name).clauses, clause{})
	default:
		r := p.calls.of(n.name)
		r.clauses = append(r.clauses, clauses...)
		r.kill = r.kill || kill
		r.items = append(r.items, i)
	}
}
