package importer

import (
	"fmt"
	"slices"
	"strconv"

	"casemate/policy/filter"

	"golang.org/x/sys/unix"
)

// profile reads the seccomp profile of an OCI runtime: linux.seccomp of the runtime
// specification, or the form of Docker and Podman, whose rules may depend on
// capabilities, architectures and kernels.
type profile struct {
	*reader
	d     *draft
	o     *Options
	calls *calls
	deny  bool   // the default denies
	kill  bool   // by killing
	errno uint64 // or with this error
}

// ociSeccomp carries a profile over.
func ociSeccomp(d *draft, o *Options, r *reader, root *object) error {
	p := &profile{reader: r, d: d, o: o}
	if root.at("defaultAction") == nil {
		return faultAt(r.source, 0, "", "no defaultAction: not a seccomp profile")
	}
	p.calls = newCalls(p.arches(root))
	p.defaults(root)
	for _, s := range p.list(root.at("syscalls")) {
		p.rule(p.object(s))
	}
	p.flags(root)
	if r.err != nil {
		return r.err
	}
	switch {
	case !p.deny && !o.Invert:
		return faultAt(r.source, 0, "", "the profile allows what it does not name: this language cannot say that; --invert allows every call that is known today, less those that the profile denies")
	case !p.deny:
		p.calls.everything()
	}
	p.calls.into(d)
	return nil
}

// ours are the names of OCI for the architectures of this language.
var ours = map[string]filter.Arch{"SCMP_ARCH_X86_64": filter.AMD64, "SCMP_ARCH_AARCH64": filter.ARM64}

// arches gives the architectures that the profile and the command line have in common.
func (p *profile) arches(root *object) []filter.Arch {
	var found []filter.Arch
	add := func(o *object) {
		if a, ok := ours[p.text(o)]; ok && slices.Contains(p.o.Arches, a) {
			found = append(found, a)
			done(o.leaf)
			return
		}
		p.foreign(o)
	}
	for _, o := range p.list(root.at("architectures")) {
		add(o)
	}
	for _, m := range p.list(root.at("archMap")) {
		if native := m.at("architecture"); native != nil {
			add(native)
		}
		for _, sub := range p.list(m.at("subArchitectures")) {
			p.foreign(sub)
		}
	}
	stated := len(root.at("architectures").each())+len(root.at("archMap").each()) > 0
	switch {
	case len(found) == 0 && stated:
		p.fail(root, "the profile is for other architectures than %v", p.o.Arches)
	case len(found) == 0: // the native one
		found = p.o.Arches
	}
	slices.Sort(found)
	found = slices.Compact(found)
	if len(found) < len(filter.Arches()) {
		var words []any
		for _, a := range found {
			words = append(words, string(a))
		}
		p.d.set("arch", words)
	}
	return found
}

// foreign is an architecture that no policy is for.
func (p *profile) foreign(o *object) {
	p.d.skip("seccomp", "calls through it are killed", p.named([]*object{o})...)
}

// defaults reads what happens to calls that no rule names.
func (p *profile) defaults(root *object) {
	action := root.at("defaultAction")
	errno, from := p.errnoOf(root, "defaultErrnoRet", "defaultErrno")
	items := append(action.leaves(), from...)
	p.deny, p.errno = true, errno
	switch word := p.text(action); word {
	case "SCMP_ACT_ERRNO":
		p.calls.answer(p.d, errno, items...)
	case "SCMP_ACT_KILL_PROCESS":
		p.killing(items)
	case "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD":
		p.killing(items)
		p.d.note("seccomp", "the source kills the thread, this policy the process")
	case "SCMP_ACT_TRAP":
		p.killing(items)
		p.d.note("seccomp", "the source sends SIGSYS, which a program may handle; this policy kills")
	case "SCMP_ACT_NOTIFY", "SCMP_ACT_TRACE":
		p.d.skip("seccomp", "nobody answers for calls here; denied ones get EPERM", items...)
		p.errno = 1
	case "SCMP_ACT_ALLOW", "SCMP_ACT_LOG":
		p.deny = false
		done(items...)
		if word == "SCMP_ACT_LOG" {
			p.d.note("seccomp", "the source logs what it does not name; nothing is logged here")
		}
	default:
		p.fail(action, "unknown action %q", word)
	}
}

func (p *profile) killing(items []*item) {
	p.kill = true
	p.d.set("seccomp.default", "kill")
	p.d.set("seccomp.unknown", "kill")
	done(items...)
}

// errnoOf reads an error: a number, or Podman's name for it beside the number.
func (p *profile) errnoOf(o *object, number, name string) (uint64, []*item) {
	var items []*item
	errno := uint64(unix.EPERM)
	if s := o.at(name); s != nil {
		items = append(items, s.leaves()...)
		if word := p.text(s); word != "" {
			if e := errnoNumber(word); e != 0 {
				errno = e
			} else {
				p.fail(s, "unknown error %q", word)
			}
		}
	}
	if n := o.at(number); n != nil {
		items = append(items, n.leaves()...)
		errno = p.unsigned(n)
	}
	return errno, items
}

func errnoNumber(name string) uint64 {
	for n := range uint64(134) {
		if unix.ErrnoName(unix.Errno(n)) == name {
			return n
		}
	}
	return 0
}

// rule reads one element of syscalls.
func (p *profile) rule(o *object) {
	if o == nil {
		return
	}
	// A key that is not known might be a further condition of an allowed call.
	p.extra(o, "name", "names", "action", "args", "comment", "includes", "excludes", "errnoRet", "errno")
	names := p.list(o.at("names"))
	if one := o.at("name"); one != nil {
		names = append(names, one)
	}
	if len(names) == 0 {
		p.fail(o, "no names")
		return
	}
	if c := o.at("comment"); c != nil && p.text(c) != "" {
		p.d.note("seccomp", "the source says: "+strconv.Quote(clip(p.text(c))))
	}
	done(o.at("comment").leaves()...)
	action := o.at("action")
	if action == nil {
		p.fail(o, "no action")
		return
	}
	allow, kill, why := p.action(o, action)
	when, args := p.args(o)
	if why == "" {
		why = p.applies(o, allow)
	}
	if why == "" {
		p.apply(names, p.elsewhere(o), allow, kill, when)
	} else {
		p.d.skip("seccomp", why, p.named(names)...)
	}
	// What is said of the names covers the conditions that they are under.
	done(append(action.leaves(), args...)...)
}

// apply adds the rule for every name. It does not hold on the architectures elsewhere,
// and nothing can be allowed on one and denied on another: calls that they have too are
// left out.
func (p *profile) apply(names []*object, elsewhere []filter.Arch, allow, kill bool, when []atom) {
	for _, n := range names {
		name := p.text(n)
		other := slices.IndexFunc(elsewhere, func(a filter.Arch) bool { _, has := filter.Number(a, name); return has })
		switch {
		case other >= 0 && allow:
			p.d.skip("seccomp", "not on "+string(elsewhere[other])+", and a policy says the same for all its architectures", p.named([]*object{n})...)
		case !filter.Known(name):
			p.d.skip("seccomp", "no such call in the tables of golang.org/x/sys", p.named([]*object{n})...)
		case !p.calls.here(name):
			p.d.skip("seccomp", "no such call on the architectures of the policy", p.named([]*object{n})...)
		default:
			n.leaf.text = name
			p.calls.add(name, allow, kill, when, n.leaf)
		}
	}
}

// named gives the items of names, which speak for themselves.
func (p *profile) named(names []*object) []*item {
	var all []*item
	for _, n := range names {
		if n.kind == '"' {
			n.leaf.text = n.text
		}
		all = append(all, n.leaf)
	}
	return all
}

// action says whether a rule allows, and why it cannot be carried over.
func (p *profile) action(o, action *object) (allow, kill bool, why string) {
	errno, items := p.errnoOf(o, "errnoRet", "errno")
	done(items...)
	switch word := p.text(action); word {
	case "SCMP_ACT_ALLOW":
		return true, false, ""
	case "SCMP_ACT_ERRNO":
		if answer, _ := errnoWord(errno); p.deny && (p.kill || p.errno != errno) && !p.only(o, clone3, answer) {
			p.d.note("seccomp", fmt.Sprintf("some denied calls answer error %d in the source; all answer seccomp.default here", errno))
		}
	case "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP":
		kill = true
	case "SCMP_ACT_LOG":
		return false, false, "allowed and logged by the source; nothing is logged here, so it is not allowed"
	case "SCMP_ACT_NOTIFY", "SCMP_ACT_TRACE":
		return false, false, "another process decides in the source; here it is denied"
	default:
		p.fail(action, "unknown action %q", word)
	}
	return false, kill, ""
}

// only is true of the rule by which clone3 answers ENOSYS, as it always does here.
func (p *profile) only(o *object, name, answer string) bool {
	names := o.at("names").each()
	return answer == "ENOSYS" && len(names) == 1 && names[0].text == name
}

var operators = map[string]filter.Op{
	"SCMP_CMP_EQ": filter.Equal, "SCMP_CMP_NE": filter.NotEqual, "SCMP_CMP_LT": filter.Less, "SCMP_CMP_LE": filter.LessEqual,
	"SCMP_CMP_GT": filter.Greater, "SCMP_CMP_GE": filter.GreaterEqual,
}

// args reads the comparisons of a rule, all of which must hold.
func (p *profile) args(o *object) ([]atom, []*item) {
	var all []atom
	seen := map[uint64]bool{}
	list := o.at("args")
	for _, a := range p.list(list) {
		index := p.unsigned(a.at("index"))
		if index >= filter.MaxArgs {
			p.fail(a, "a call has at most %d arguments", filter.MaxArgs)
			return nil, nil
		}
		if seen[index] {
			p.d.note("seccomp", "a rule compares one argument twice: both comparisons must hold here; libseccomp cannot say that, and some runtimes let one of them suffice")
		}
		seen[index] = true
		one := atom{arg: int(index), mask: ^uint64(0), value: p.unsigned(a.at("value"))}
		two := p.unsigned(a.at("valueTwo"))
		switch word := p.text(a.at("op")); word {
		case "SCMP_CMP_MASKED_EQ":
			one.op, one.mask, one.value = filter.Equal, one.value, two
		default:
			op, ok := operators[word]
			if !ok {
				p.fail(a, "unknown comparison %q", word)
				return nil, nil
			}
			one.op = op
		}
		all = append(all, one)
		p.extra(a, "index", "value", "valueTwo", "op")
	}
	return all, known(list, "index", "value", "valueTwo", "op")
}

// extra refuses what could change the meaning of a rule or a comparison.
func (p *profile) extra(o *object, keys ...string) {
	for _, key := range o.keys {
		if !slices.Contains(keys, key) {
			p.fail(o, "unknown key %q", key)
		}
	}
}

// known gives the leaves of the elements of a list under the given keys.
func known(list *object, keys ...string) []*item {
	var all []*item
	for _, e := range list.each() {
		all = append(all, e.under(keys...)...)
	}
	return all
}

// flags of seccomp(2), which the filter of this language is loaded without.
func (p *profile) flags(root *object) {
	for _, f := range p.list(root.at("flags")) {
		why := "filters are loaded without flags"
		if p.text(f) == "SECCOMP_FILTER_FLAG_TSYNC" {
			p.d.hold("seccomp", f.leaf)
			continue
		}
		p.d.skip("seccomp", why, f.leaf)
	}
}
