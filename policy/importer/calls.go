package importer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"casemate/policy/filter"
)

// calls collects what a source says about each system call, whatever its form.
type calls struct {
	arches  []filter.Arch
	rules   map[string]*rule
	inverse bool // what is not denied is allowed
}

// rule is everything said about one call. The first clause that holds decides; where
// none does, the call is denied.
type rule struct {
	clauses []clause
	denials []clause // of a source without order: they come first
	kill    bool     // it is denied, by killing
	items   []*item
}

// clause is one step of the decision.
type clause struct {
	when  expression // nil: always
	allow bool
}

// allows tells whether a call is allowed at all.
func (r *rule) allows() bool {
	return slices.ContainsFunc(r.clauses, func(c clause) bool { return c.allow })
}

func newCalls(arches []filter.Arch) *calls { return &calls{arches: arches, rules: map[string]*rule{}} }

// here tells whether one of the architectures has a call.
func (c *calls) here(name string) bool {
	return slices.ContainsFunc(c.arches, func(a filter.Arch) bool { _, ok := filter.Number(a, name); return ok })
}

// of gives the rule of a call.
func (c *calls) of(name string) *rule {
	r := c.rules[name]
	if r == nil {
		r = &rule{}
		c.rules[name] = r
	}
	return r
}

// add adds a rule of a source whose rules have no order: what denies comes first, which
// is the stricter reading.
func (c *calls) add(name string, allow, kill bool, when []atom, items ...*item) {
	r := c.of(name)
	r.items = append(r.items, items...)
	one := clause{allow: allow}
	if len(when) > 0 {
		one.when = expression{when}
	}
	if allow {
		// Alternatives of one kind are one condition, which reads better.
		if n := len(r.clauses); n > 0 && one.when != nil && r.clauses[n-1].allow && r.clauses[n-1].when != nil {
			r.clauses[n-1].when = append(r.clauses[n-1].when, when)
			return
		}
		r.clauses = append(r.clauses, one)
		return
	}
	r.kill = r.kill || kill && len(when) == 0
	r.denials = append(r.denials, one)
}

const clone3 = "clone3"

// into writes the calls into the draft.
func (c *calls) into(d *draft) {
	var given []string
	for _, name := range slices.Sorted(maps.Keys(c.rules)) {
		r := c.rules[name]
		r.clauses = append(r.denials, r.clauses...)
		if c.inverse {
			r.clauses = append(r.clauses, clause{allow: true})
		}
		if name == clone3 {
			c.clone3(d, r)
			continue
		}
		if c.call(d, name, r) {
			given = append(given, name)
		}
	}
	d.add("seccomp.allow", given...)
	if whens, _ := d.get("seccomp.when").(table); len(whens) > 0 {
		d.note("seccomp", "conditions look at as many bits as the kernel does, those of the source at all 64 of a register (docs/import.md)")
	}
	c.forInit(d, given)
}

// clone3 is never allowed.
func (c *calls) clone3(d *draft, r *rule) {
	if r.allows() {
		d.skip("seccomp", "clone3 is never allowed, its flags are behind a pointer; it answers ENOSYS, and C libraries fall back to clone", r.items...)
	}
	done(r.items...)
}

// call writes one call; true when it is allowed.
func (c *calls) call(d *draft, name string, r *rule) bool {
	ofInit := slices.Contains(filter.InitSet(), name)
	cut := false
	text, t, err := r.condition(name, c.arches, &cut)
	if err == nil && cut && t != never {
		d.comments.add("seccomp", remark, "comparisons that no bit which the kernel looks at can change are left out", name)
	}
	switch {
	case err != nil:
		d.skip("seccomp", err.Error()+"; the call is not allowed", r.items...)
		return false
	case t == never && r.allows() && !r.clauses[0].always():
		d.skip("seccomp", "the condition of "+name+" never holds for a call that the kernel would carry out; the call is not allowed", r.items...)
		return false
	case t == never:
		if r.allows() {
			d.comments.add("seccomp", remark, "both allowed and denied by the source; denied here", name)
		}
		c.denied(d, name, r, ofInit)
		return false
	case t == always:
		done(r.items...)
		return true
	case ofInit && name == "clone" && r.noNamespaces():
		d.hold("seccomp", r.items...)
		return false
	case ofInit:
		d.lost("seccomp", "init itself needs "+name+", which can have no condition of the policy's: "+text, r.items...)
		return false
	}
	done(r.items...)
	d.entry("seccomp.when", name, text)
	return true
}

func (c clause) always() bool { return c.when == nil }

// noNamespaces tells whether all that a rule asks of clone(2) is that some flags of new
// namespaces are off: init's own condition on clone asks that of all of them.
func (r *rule) noNamespaces() bool {
	all, _ := filter.ConstantValue(filter.AMD64, "@CLONE_NEW")
	return len(r.clauses) == 1 && slices.ContainsFunc(r.clauses[0].when, func(atoms []atom) bool {
		return !slices.ContainsFunc(atoms, func(a atom) bool {
			return a.arg != 0 || a.op != filter.Equal || a.value != 0 || a.mask&^all != 0
		})
	})
}

func (c *calls) denied(d *draft, name string, r *rule, ofInit bool) {
	switch {
	case ofInit:
		d.lost("seccomp", "init itself needs the call", r.items...)
	case r.kill && d.get("seccomp.default") != "kill":
		done(r.items...)
		d.add("seccomp.kill", name)
	}
	d.hold("seccomp", r.items...)
}

// condition writes the clauses as one condition: what some clause allows, less what an
// earlier one denies.
func (r *rule) condition(name string, arches []filter.Arch, cut *bool) (string, truth, error) {
	var allowed, denied []string
	size := 0
	for _, c := range r.clauses {
		text, t, err := "", always, error(nil)
		if c.when != nil {
			text, t, err = c.when.say(name, arches, cut)
		}
		size += len(text)
		switch {
		case err != nil:
			return "", depends, err
		case size > filter.MaxExpr:
			return "", depends, &cannot{fmt.Sprintf("the condition would be longer than %d bytes", filter.MaxExpr)}
		case t == never:
			continue
		case t == always && c.allow && len(denied) == 0:
			return "", always, nil
		case c.allow:
			allowed = append(allowed, less(text, denied))
			size += len(allowed[len(allowed)-1]) - len(text)
		case t == depends:
			denied = append(denied, text)
		}
		if t == always {
			return alternatives(allowed)
		}
	}
	return alternatives(allowed)
}

func alternatives(allowed []string) (string, truth, error) {
	switch len(allowed) {
	case 0:
		return "", never, nil
	case 1:
		return allowed[0], depends, nil
	}
	return "(" + strings.Join(allowed, ") || (") + ")", depends, nil
}

// less writes "text and none of these"; text may be empty, for always.
func less(text string, denied []string) string {
	if len(denied) == 0 {
		return text
	}
	not := "!(" + strings.Join(denied, " || ") + ")"
	if text == "" {
		return not
	}
	return "(" + text + ") && " + not
}

// forInit names what init brings along that the source does not allow.
func (c *calls) forInit(d *draft, given []string) {
	var more []string
	for _, name := range filter.InitSet() {
		if c.here(name) && !slices.Contains(given, name) {
			more = append(more, name)
		}
	}
	if len(more) > 0 {
		d.note("seccomp", "allowed whatever the source says, since init needs them (clone and prctl under conditions of their own): "+strings.Join(more, ", "))
	}
}

// everything allows all known calls but those that the source denies.
func (c *calls) everything() {
	c.inverse = true
	for _, name := range filter.Names() {
		if c.here(name) && name != clone3 {
			c.of(name)
		}
	}
}

// errnoWord gives the word for an answer; false where the language has none.
func errnoWord(errno uint64) (string, bool) {
	word, ok := map[uint64]string{1: "EPERM", 13: "EACCES", 38: "ENOSYS"}[errno]
	return word, ok
}

// answer states what denied calls get.
func (c *calls) answer(d *draft, errno uint64, items ...*item) {
	word, ok := errnoWord(errno)
	if !ok {
		d.set("seccomp.default", "EPERM")
		d.skip("seccomp", fmt.Sprintf("denied calls answer EPERM, EACCES or ENOSYS, not %d: they answer EPERM", errno), items...)
		return
	}
	done(items...)
	d.set("seccomp.default", word)
}
